/* The limit table in small: two slots, two workers that admit and settle by cell swap, deaths at any step, and the
 * recovery of what a dead one held, which may die as well. `spin` goes through every order of steps there is.
 *
 * A step is one access to memory that others see: a slot's word, half an image, the compare-and-swap. An image is read
 * in two steps, so a reader can see halves of two images, and cells are used again at once, as in the real table.
 * Windows are two ticks long; what the one before counts for is its share that is still inside, rounded up.
 *
 * Held to be true in every state that can be reached:
 *  - at each swap: no counter below 0, no window older than before, used + held within the budget;
 *  - by a book kept outside of the table: the requests admitted in a window are within its limit, and spent +
 *    outstanding is within both budgets;
 *  - a refusal is one: the slot as it is when the refusal is believed has no room;
 *  - at the end: nothing is held, what was used is what the book says (no update lost, none applied twice), the window
 *    counts what was admitted in it (more only by what dead workers had begun), and nobody waits for ever.
 *
 * Each of these faults, chosen with -D, must break one of them:
 *  NO_VALIDATION   a refusal is believed without reading the word again
 *  NO_UNDO         a refusal on the way keeps what was committed before
 *  NO_TAG          the swap compares the cell alone
 *  NO_COMPARE      the swap is a plain store
 *  WINDOW_BACK     an older time opens its older window again
 *  UNDO_CURRENT    an undo takes from the window that is current, whichever that is
 *  LATE_ENTRY      the hold is written down after the slots are changed
 *  NO_RECOVERY     the dead one's place is given away as it is
 *  ONE_SLOT        the recovery ends after one slot
 *  NO_SEQUENCE     the recovery counts what was settled already
 *  EARLY_PLACE     the place is free before the slots are recovered
 *  BLIND_RECOVERY  the recovery believes that nothing is left without reading the word again
 */

/* How much work there is. */
#ifndef REQUESTS_0
#define REQUESTS_0 1
#endif
#ifndef REQUESTS_1
#define REQUESTS_1 1
#endif
#ifndef START
#define START 1 /* the tick it begins in */
#endif
#ifndef TICKS
#define TICKS 1 /* that pass, each at any time */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef AGGREGATOR_DEATHS
#define AGGREGATOR_DEATHS 0
#endif
/* Requests in a window, and what may be spent in all, of either slot. */
#ifndef WINDOW_0
#define WINDOW_0 2
#endif
#ifndef WINDOW_1
#define WINDOW_1 1
#endif
#ifndef BUDGET_0
#define BUDGET_0 4
#endif
#ifndef BUDGET_1
#define BUDGET_1 3
#endif

#define WORKERS 2
#define SLOTS 2
#define HOLD 2 /* the worst case of a request */
#define COST 1 /* what it costs */
#define WINDOWS ((START + TICKS) / 2 + 1)
#define CELLS (SLOTS + WORKERS + 1 + DEATHS + AGGREGATOR_DEATHS)

typedef Image {
    byte window; /* first half: the sliding window */
    byte current;
    byte previous;
    byte used; /* second half: the budget, and what each place holds */
    byte instance[WORKERS];
    byte holds[WORKERS];
    byte sequence[WORKERS];
}

/* What processes share. A worker has one request at a time, so a list of one hold is enough. */
Image cells[CELLS];
byte tag[SLOTS];
byte cell[SLOTS];
byte owner[WORKERS] = 1; /* the instance at each place; 0 = free */
bool open[WORKERS];
byte settling[WORKERS]; /* the sequence of the settle that has begun, 0 before */
byte journal[WORKERS]; /* of the request that is open: 0 nothing was called, 1 an attempt is open, 2 settled */
byte now = START;
byte fresh = SLOTS + WORKERS + 1; /* the next cell that nobody has had */

/* What befalls them. */
bool dead[WORKERS];
bool finished[WORKERS];
bool aggregator_dead;
byte deaths;

/* The book. */
byte book_spent;
byte book_outstanding;
bool book_open[WORKERS];
byte book_admitted[SLOTS * WINDOWS];

mtype = { WORD, FIRST, SECOND, DECIDE, WRITE, SWAP, CALL, ANSWER, CLOSE, LOOK, COMMIT, UNDO, SETTLE };

#define window_limit(s) ((s) == 0 -> WINDOW_0 : WINDOW_1)
#define budget_of(s) ((s) == 0 -> BUDGET_0 : BUDGET_1)

#ifdef NO_TAG
#define unchanged(s) (cell[s] == seen_cell[s])
#else
#define unchanged(s) (cell[s] == seen_cell[s] && tag[s] == seen_tag[s])
#endif
#ifdef NO_COMPARE
#define swappable(s) true
#else
#define swappable(s) unchanged(s)
#endif
#ifdef NO_VALIDATION
#define believed(s) true
#else
#define believed(s) unchanged(s)
#endif
#ifdef BLIND_RECOVERY
#define recovery_believed(s) true
#else
#define recovery_believed(s) unchanged(s)
#endif
#ifdef ONE_SLOT
#define RECOVERED (SLOTS - 1)
#else
#define RECOVERED SLOTS
#endif
/* The settle that a dead worker had begun has come to this slot. */
#ifdef NO_SEQUENCE
#define applied(s) false
#else
#define applied(s) (settling[gone] != 0 && settling[gone] == image[s].sequence[gone])
#endif

inline copy_first(to, from) {
    to.window = from.window;
    to.current = from.current;
    to.previous = from.previous
}

inline copy_second(to, from) {
    to.used = from.used;
    to.instance[0] = from.instance[0];
    to.instance[1] = from.instance[1];
    to.holds[0] = from.holds[0];
    to.holds[1] = from.holds[1];
    to.sequence[0] = from.sequence[0];
    to.sequence[1] = from.sequence[1]
}

/* What is not needed any more gets one value: fewer states. */
inline forget(i) {
    i.window = 0;
    i.current = 0;
    i.previous = 0;
    i.used = 0;
    i.instance[0] = 0;
    i.instance[1] = 0;
    i.holds[0] = 0;
    i.holds[1] = 0;
    i.sequence[0] = 0;
    i.sequence[1] = 0
}

inline forget_slot(s) {
    forget(image[s]);
    seen_tag[s] = 0;
    seen_cell[s] = 0
}

inline read_word(s) {
    seen_tag[s] = tag[s];
    seen_cell[s] = cell[s]
}

/* The window of `time` becomes the current one, unless the image knows a later one. */
inline roll(i) {
    if
#ifdef WINDOW_BACK
    :: time / 2 < i.window ->
        i.previous = 0;
        i.current = 0;
        i.window = time / 2
#endif
    :: time / 2 == i.window + 1 ->
        i.previous = i.current;
        i.current = 0;
        i.window = time / 2
    :: time / 2 > i.window + 1 ->
        i.previous = 0;
        i.current = 0;
        i.window = time / 2
    :: else
    fi
}

#define share(i) ((i.previous * ((time / 2 == i.window) -> 2 - time % 2 : 2) + 1) / 2)
#define room(i, s) \
    (share(i) + i.current + 1 <= window_limit(s) && i.used + i.holds[0] + i.holds[1] + HOLD <= budget_of(s))

/* The old cell is the next spare. */
inline swap(s) {
    if
    :: swappable(s) ->
        assert(cells[spare].window >= cells[cell[s]].window);
        assert(cells[spare].used + cells[spare].holds[0] + cells[spare].holds[1] <= budget_of(s));
        cell[s] = spare;
        tag[s]++;
        spare = seen_cell[s];
        won = true
    :: else -> won = false
    fi
}

/* Changes an image as the aim of the moment wants it. What belongs to a slot that somebody else has changed meanwhile
 * may be anything; it is never swapped in. */
inline change(s) {
    if
    :: aim == COMMIT ->
        if
        :: image[s].instance[me] != instance ->
            /* Of one who was here before: whoever recovered it has left nothing. */
            assert(image[s].holds[me] == 0 || !unchanged(s));
            image[s].instance[me] = instance;
            image[s].holds[me] = 0;
            image[s].sequence[me] = 0
        :: else
        fi;
        image[s].current++;
        image[s].holds[me] = image[s].holds[me] + HOLD;
        counted_in[s] = image[s].window
    :: aim == UNDO || aim == SETTLE ->
        assert((image[s].instance[me] == instance && image[s].holds[me] >= HOLD) || !unchanged(s));
        image[s].holds[me] = image[s].holds[me] - HOLD;
        if
        :: aim == SETTLE ->
            image[s].used = image[s].used + COST;
            image[s].sequence[me] = sequence
#ifdef UNDO_CURRENT
        :: aim == UNDO ->
#else
        :: aim == UNDO && image[s].window == counted_in[s] ->
#endif
            assert(image[s].current > 0 || !unchanged(s));
            image[s].current--
#ifndef UNDO_CURRENT
        :: aim == UNDO && image[s].window == counted_in[s] + 1 ->
            assert(image[s].previous > 0 || !unchanged(s));
            image[s].previous--
        :: aim == UNDO && image[s].window > counted_in[s] + 1
#endif
        :: aim == UNDO && image[s].window < counted_in[s] -> assert(!unchanged(s))
        fi
    fi
}

/* The moment at which a request has passed. */
inline book_admission() {
    book_outstanding = book_outstanding + HOLD;
    book_open[me] = true;
    book_admitted[counted_in[0]]++;
    book_admitted[WINDOWS + counted_in[1]]++;
    assert(book_admitted[counted_in[0]] <= WINDOW_0);
    assert(book_admitted[WINDOWS + counted_in[1]] <= WINDOW_1);
    assert(book_spent + book_outstanding <= BUDGET_0);
    assert(book_spent + book_outstanding <= BUDGET_1)
}

inline forget_request() {
    forget_slot(0);
    forget_slot(1);
    counted_in[0] = 0;
    counted_in[1] = 0;
    time = 0;
    s = 0;
    won = false;
    aim = LOOK;
    step = CLOSE
}

proctype worker(byte me; byte todo; byte spare) {
    Image image[SLOTS];
    byte seen_tag[SLOTS];
    byte seen_cell[SLOTS];
    byte counted_in[SLOTS];
    byte instance = 1;
    byte sequence;
    byte time;
    byte s;
    bool won;
    mtype aim = LOOK;
    mtype step = CLOSE;

life:
    {
        do
        :: d_step { step == CLOSE && todo > 0 ->
                todo--;
                time = now;
                journal[me] = 0;
#ifndef LATE_ENTRY
                settling[me] = 0;
                open[me] = true;
#endif
                aim = LOOK;
                s = 0;
                step = WORD }
        :: d_step { step == WORD -> read_word(s); step = FIRST }
        :: d_step { step == FIRST -> copy_first(image[s], cells[seen_cell[s]]); step = SECOND }
        :: d_step { step == SECOND ->
                copy_second(image[s], cells[seen_cell[s]]);
                if
                :: aim != UNDO -> roll(image[s])
                :: else
                fi;
                if
                :: aim == UNDO || aim == SETTLE -> step = WRITE
                :: else ->
                    if
                    :: !room(image[s], s) -> step = DECIDE
                    :: else ->
                        /* All slots are looked at before any is changed. */
                        if
                        :: aim == LOOK && s < SLOTS - 1 ->
                            s++;
                            step = WORD
                        :: aim == LOOK && s == SLOTS - 1 ->
                            aim = COMMIT;
                            s = 0;
                            step = WRITE
                        :: else -> step = WRITE
                        fi
                    fi
                fi }
        :: d_step { step == DECIDE ->
                if
                :: believed(s) ->
                    copy_first(image[s], cells[cell[s]]);
                    copy_second(image[s], cells[cell[s]]);
                    roll(image[s]);
                    assert(!room(image[s], s));
                    forget_slot(s);
#ifndef NO_UNDO
                    if
                    :: aim == COMMIT && s > 0 ->
                        aim = UNDO;
                        s--;
                        step = WORD
                    :: else -> step = ANSWER
                    fi
#else
                    step = ANSWER
#endif
                :: else -> step = WORD
                fi }
        :: d_step { step == WRITE ->
                change(s);
                copy_first(cells[spare], image[s]);
                copy_second(cells[spare], image[s]);
                forget(image[s]);
                step = SWAP }
        :: d_step { step == SWAP ->
                swap(s);
                seen_tag[s] = 0;
                seen_cell[s] = 0;
                if
                :: !won -> step = WORD
                :: won && aim == COMMIT ->
                    if
                    :: s == SLOTS - 1 ->
                        book_admission();
                        step = CALL
                    :: else ->
                        s++;
                        step = WRITE
                    fi
                :: won && aim == UNDO ->
                    if
                    :: s == 0 -> step = ANSWER
                    :: else ->
                        s--;
                        step = WORD
                    fi
                :: won && aim == SETTLE ->
                    if
                    :: s == SLOTS - 1 -> step = ANSWER
                    :: else ->
                        s++;
                        step = WORD
                    fi
                fi;
                won = false }
#ifdef LATE_ENTRY
        :: d_step { step == CALL && !open[me] -> open[me] = true }
        :: d_step { step == CALL && open[me] && journal[me] == 0 -> journal[me] = 1 }
#else
        :: d_step { step == CALL && journal[me] == 0 -> journal[me] = 1 }
#endif
        :: d_step { step == CALL && journal[me] == 1 ->
                journal[me] = 2;
                book_spent = book_spent + COST;
                book_outstanding = book_outstanding - HOLD;
                book_open[me] = false }
        :: d_step { step == CALL && journal[me] == 2 ->
                sequence++;
                settling[me] = sequence;
                aim = SETTLE;
                s = 0;
                step = WORD }
        :: d_step { step == ANSWER ->
                open[me] = false;
                settling[me] = 0;
                journal[me] = 0;
                forget_request() }
        :: step == CLOSE && todo == 0 -> break
        od;
        atomic {
            finished[me] = true;
            owner[me] = 0
        }
    } unless { dead[me] };
    if
    :: dead[me] ->
        /* The next one at this place, when it is free. The dead one's spare cell is lost. */
        d_step {
            owner[me] == 0 ->
            dead[me] = false;
            instance++;
            owner[me] = instance;
            spare = fresh;
            fresh++;
            sequence = 0;
            forget_request()
        }
        goto life
    :: else
    fi
}

/* Dead, and not recovered. */
#define is_lost(who) (dead[who] && owner[who] != 0)

inline begin_recovery(who) {
    gone = who;
    lost = owner[gone];
    /* By the journal: settled, or an attempt without an end, which counts in full; 0 if nothing was called. */
    cost = (journal[gone] == 2 -> COST : (journal[gone] == 1 -> HOLD : 0));
    s = 0;
#ifdef EARLY_PLACE
    owner[gone] = 0;
#endif
#ifdef NO_RECOVERY
    step = ANSWER
#else
    step = (open[gone] -> WORD : ANSWER)
#endif
}

/* Recovers the place of a dead worker, with one swap per slot. */
proctype aggregator(byte spare) {
    Image image[SLOTS];
    byte seen_tag[SLOTS];
    byte seen_cell[SLOTS];
    byte gone;
    byte lost; /* the instance */
    byte cost;
    byte s;
    bool won;
    mtype step = CLOSE;

life:
    {
end:
        do
        :: d_step { step == CLOSE && is_lost(0) -> begin_recovery(0) }
        :: d_step { step == CLOSE && is_lost(1) -> begin_recovery(1) }
        :: d_step { step == WORD -> read_word(s); step = FIRST }
        :: d_step { step == FIRST -> copy_first(image[s], cells[seen_cell[s]]); step = SECOND }
        :: d_step { step == SECOND ->
                copy_second(image[s], cells[seen_cell[s]]);
                step = (image[s].instance[gone] == lost -> WRITE : DECIDE) }
        :: d_step { step == DECIDE ->
                /* Nothing of it is in the slot. */
                if
                :: recovery_believed(s) ->
                    s++;
                    step = (s < RECOVERED -> WORD : ANSWER)
                :: else -> step = WORD
                fi;
                forget_slot(0);
                forget_slot(1) }
        :: d_step { step == WRITE ->
                if
                :: open[gone] && !applied(s) -> image[s].used = image[s].used + cost
                :: else
                fi;
                image[s].instance[gone] = 0;
                image[s].holds[gone] = 0;
                image[s].sequence[gone] = 0;
                copy_first(cells[spare], image[s]);
                copy_second(cells[spare], image[s]);
                forget(image[s]);
                step = SWAP }
        :: d_step { step == SWAP ->
                swap(s);
                forget_slot(s);
                if
                :: won ->
                    s++;
                    step = (s < RECOVERED -> WORD : ANSWER)
                :: else -> step = WORD
                fi;
                won = false }
        :: d_step { step == ANSWER ->
                if
                :: book_open[gone] ->
                    book_outstanding = book_outstanding - HOLD;
                    book_spent = book_spent + cost;
                    book_open[gone] = false
                :: else
                fi;
                open[gone] = false;
                settling[gone] = 0;
                journal[gone] = 0;
                cost = 0;
                s = 0;
                step = CALL }
        :: d_step { step == CALL ->
                /* Only now may another worker have the place. */
                owner[gone] = 0;
                gone = 0;
                lost = 0;
                step = CLOSE }
        :: step == CLOSE && finished[0] && finished[1] -> break
        od
    } unless { aggregator_dead };
    if
    :: aggregator_dead ->
        d_step {
            aggregator_dead = false;
            spare = fresh;
            fresh++;
            gone = 0;
            lost = 0;
            cost = 0;
            s = 0;
            won = false;
            step = CLOSE;
            forget_slot(0);
            forget_slot(1)
        }
        goto life
    :: else
    fi
}

proctype clock() {
    do
    :: d_step { now < START + TICKS -> now++ }
    :: now == START + TICKS -> break
    od
}

/* Kills whom it likes whenever it likes, or nobody. */
proctype killer() {
    byte left = DEATHS;
    byte left_aggregator = AGGREGATOR_DEATHS;
    do
    :: d_step { left > 0 && !finished[0] && !dead[0] -> dead[0] = true; left--; deaths++ }
    :: d_step { left > 0 && !finished[1] && !dead[1] -> dead[1] = true; left--; deaths++ }
    :: d_step { left_aggregator > 0 && (dead[0] || dead[1]) -> aggregator_dead = true; left_aggregator-- }
    :: finished[0] && finished[1] -> break
    od
}

/* Looks at the slots when all is over. */
proctype judge() {
    byte s;
    byte counted;
    finished[0] && finished[1] && now == START + TICKS;
    d_step {
        s = 0;
        do
        :: s < SLOTS ->
            assert(cells[cell[s]].holds[0] == 0 && cells[cell[s]].holds[1] == 0);
            assert(cells[cell[s]].used == book_spent);
            counted = cells[cell[s]].current;
            assert(counted >= book_admitted[s * WINDOWS + cells[cell[s]].window]);
            assert(counted <= book_admitted[s * WINDOWS + cells[cell[s]].window] + deaths);
            s++
        :: else -> break
        od;
        assert(book_outstanding == 0);
        assert(!open[0] && !open[1]);
        assert(cell[0] != cell[1]);
        assert(fresh <= CELLS)
    }
}

init {
    atomic {
        cell[0] = 0;
        cell[1] = 1;
        cells[0].window = START / 2;
        cells[1].window = START / 2;
        run worker(0, REQUESTS_0, SLOTS);
        run worker(1, REQUESTS_1, SLOTS + 1);
        run aggregator(SLOTS + 2);
        run clock();
        run killer();
        run judge()
    }
}
