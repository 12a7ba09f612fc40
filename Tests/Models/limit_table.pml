/* The limit table in small: two slots, workers that admit and settle by cell swap, one death at any step, and the
 * recovery of what the dead one held. `spin` walks through every order of steps there is.
 *
 * A step is one access to memory that others see: a word of a slot, half an image, the compare-and-swap. An image is
 * read in two steps, so a reader can see halves of two images, and cells are used again at once, as in the real table.
 *
 * Held to be true in every state that can be reached:
 *  - at each swap: no counter below 0, the window never older than before, all that places hold together is what the
 *    slot holds, and used + held within the budget;
 *  - by a book kept outside the table: admitted requests of a window within its limit, spent + outstanding within the
 *    smaller budget;
 *  - a refusal is one: the slot, as it is when the refusal is given, has no room;
 *  - at the end: nothing is held, what was used is what the book says (no update lost, none applied twice), each window
 *    counts what was admitted in it (more only by what a dead worker had begun), and nobody waits for ever.
 *
 * Each of these faults, chosen with -D, must break one of them:
 *  NO_VALIDATION a refusal is believed without reading the word again   NO_UNDO       a refusal keeps what it committed
 *  NO_TAG        the swap compares the cell alone                       NO_COMPARE    the swap is a plain store
 *  WINDOW_BACK   an older now opens its older window                    UNDO_CURRENT  undo always in the current window
 *  NO_RECOVERY   the dead one's place is given away as it is            NO_SEQUENCE   recovery settles all slots again
 *  NO_ENTRY      the hold is written after the first swap               RECOVERY_ONE_SLOT  recovery ends after a slot
 *  RECOVERY_BLIND  recovery believes an image without reading the word again
 */

#ifndef REQUESTS
#define REQUESTS 1 /* of the first worker; the second has REQUESTS_2 */
#endif
#ifndef REQUESTS_2
#define REQUESTS_2 1
#endif
#ifndef TICKS
#define TICKS 1 /* half windows that pass at any time */
#endif
#ifndef START
#define START 1 /* the half window it begins in */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef AGGREGATOR_DEATHS
#define AGGREGATOR_DEATHS 0
#endif
#ifndef WINDOW_0 /* requests per window of either slot */
#define WINDOW_0 2
#endif
#ifndef WINDOW_1
#define WINDOW_1 1
#endif
#ifndef BUDGET_0 /* what either slot may spend in all */
#define BUDGET_0 3
#endif
#ifndef BUDGET_1
#define BUDGET_1 4
#endif

#define WORKERS 2
#define SLOTS 2
#define HOLD 2 /* the worst case of a request */
#define COST 1 /* what it costs really */
#define WINDOWS ((START + TICKS) / 2 + 1)
#define CELLS (SLOTS + WORKERS + 1 + DEATHS + AGGREGATOR_DEATHS)

typedef Image {
    byte window; /* the first half: the sliding window */
    byte current;
    byte previous;
    byte used; /* the second half: the budget, what is held, and by whom */
    byte held;
    byte instance[WORKERS];
    byte holds[WORKERS];
    byte sequence[WORKERS];
}

typedef Entry { /* a place's list of holds: one is enough, a worker has one request at a time */
    bool open;
    byte sequence; /* of its settle; 0 = not begun */
}

/* What processes share. */
Image cells[CELLS];
byte tag[SLOTS];
byte cell[SLOTS];
Entry entries[WORKERS];
byte owner[WORKERS] = 1; /* the header's words: the instance at each place, 0 = free */
byte journal[WORKERS]; /* the request there is: 0 nothing was called, 1 an attempt is open, 2 settled */
byte now = START;
byte fresh = SLOTS + WORKERS + 1; /* the next cell never used */

/* What befalls them. */
bool dead[WORKERS];
bool finished[WORKERS];
byte deaths;
bool aggregator_dead;

/* The book: what really happened. */
byte book_spent;
byte book_outstanding;
byte book_admitted[SLOTS * WINDOWS];
bool book_open[WORKERS];

#define window_limit(s) ((s) == 0 -> WINDOW_0 : WINDOW_1)
#define budget_of(s) ((s) == 0 -> BUDGET_0 : BUDGET_1)

#ifdef RECOVERY_ONE_SLOT
#define RECOVERED (SLOTS - 1)
#elif defined(NO_RECOVERY)
#define RECOVERED 0
#else
#define RECOVERED SLOTS
#endif
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
#ifdef RECOVERY_BLIND
#define recovery_believed(s) true
#else
#define recovery_believed(s) unchanged(s)
#endif

/* Recovery: the settle that was begun has come to this slot. */
#ifdef NO_SEQUENCE
#define applied(s) false
#else
#define applied(s) (entries[gone].sequence != 0 && entries[gone].sequence == image[s].sequence[gone])
#endif

inline copy_first(to, from) {
    to.window = from.window;
    to.current = from.current;
    to.previous = from.previous
}

inline copy_second(to, from) {
    to.used = from.used;
    to.held = from.held;
    to.instance[0] = from.instance[0];
    to.instance[1] = from.instance[1];
    to.holds[0] = from.holds[0];
    to.holds[1] = from.holds[1];
    to.sequence[0] = from.sequence[0];
    to.sequence[1] = from.sequence[1]
}

/* Locals that are not needed any more get one value: fewer states. */
inline forget(s) {
    image[s].window = 0;
    image[s].current = 0;
    image[s].previous = 0;
    image[s].used = 0;
    image[s].held = 0;
    image[s].instance[0] = 0;
    image[s].instance[1] = 0;
    image[s].holds[0] = 0;
    image[s].holds[1] = 0;
    image[s].sequence[0] = 0;
    image[s].sequence[1] = 0;
    seen_tag[s] = 0;
    seen_cell[s] = 0
}

inline read_slot(s) {
    d_step {
        seen_tag[s] = tag[s];
        seen_cell[s] = cell[s]
    }
    d_step { copy_first(image[s], cells[seen_cell[s]]) }
    d_step { copy_second(image[s], cells[seen_cell[s]]) }
}

/* The window of `time` becomes the current one, unless the image knows a later one. */
inline roll(i, time) {
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

/* ceil(previous × what is left of the window) + current + 1 within the limit, and the budget has room. */
#define halves_left(i, time) ((time / 2 == i.window) -> 2 - time % 2 : 2)
#define window_room(i, s, time) ((i.previous * halves_left(i, time) + 1) / 2 + i.current + 1 <= window_limit(s))
#define budget_room(i, s) (i.used + i.held + HOLD <= budget_of(s))
#define room(i, s, time) (window_room(i, s, time) && budget_room(i, s))

inline check(s) {
    roll(image[s], time);
    allowed = room(image[s], s, time)
}

/* A refusal is given: was there no room, in the slot as it is now? Uses `truth`. */
inline judge_refusal(s) {
    copy_first(truth, cells[cell[s]]);
    copy_second(truth, cells[cell[s]]);
    roll(truth, time);
    assert(!room(truth, s, time));
    truth.window = 0;
    truth.current = 0;
    truth.previous = 0;
    truth.used = 0;
    truth.held = 0;
    truth.instance[0] = 0;
    truth.instance[1] = 0;
    truth.holds[0] = 0;
    truth.holds[1] = 0;
    truth.sequence[0] = 0;
    truth.sequence[1] = 0
}

inline write_spare(s) {
    d_step {
        copy_first(cells[spare], image[s]);
        copy_second(cells[spare], image[s])
    }
}

/* What has to be true of every image that gets into a slot. To be used within a step. */
inline judge_swap(s) {
    assert(cells[spare].window >= cells[cell[s]].window);
    assert(cells[spare].held == cells[spare].holds[0] + cells[spare].holds[1]);
    assert(cells[spare].used + cells[spare].held <= budget_of(s));
    assert(cells[spare].current + (cells[spare].previous + 1) / 2 <= window_limit(s) + (WINDOWS > 1 -> 1 : 0))
}

/* The old cell is the next spare. To be used within a step. */
inline swap(s) {
    if
    :: swappable(s) ->
        judge_swap(s);
        cell[s] = spare;
        tag[s]++;
        spare = seen_cell[s];
        won = true
    :: else -> won = false
    fi
}

proctype worker(byte me; byte requests; byte spare) {
    Image image[SLOTS];
    Image truth;
    byte seen_tag[SLOTS];
    byte seen_cell[SLOTS];
    byte counted_in[SLOTS];
    byte todo = requests;
    byte instance = 1;
    byte sequence;
    byte time;
    byte cost;
    byte s;
    bool allowed;
    bool won;
    bool refused;

life:
    {
        do
        :: todo > 0 ->
            d_step {
                todo--;
                time = now;
                refused = false;
                journal[me] = 0;
#ifndef NO_ENTRY
                entries[me].open = true;
                entries[me].sequence = 0;
#endif
                s = 0
            }

            /* All slots are looked at before any is changed. */
            do
            :: s < SLOTS && !refused ->
                read_slot(s);
                d_step { check(s) }
                if
                :: allowed -> s++
                :: d_step { !allowed && believed(s) -> judge_refusal(s); refused = true }
                :: d_step { !allowed && !believed(s) -> skip }
                fi
            :: else -> break
            od;

            /* Then they are committed in order. */
            atomic { if :: !refused -> s = 0 :: else fi }
            if
            :: !refused ->
                do
                :: s < SLOTS && !refused ->
                    d_step {
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
                        image[s].held = image[s].held + HOLD;
                        image[s].holds[me] = image[s].holds[me] + HOLD;
                        counted_in[s] = image[s].window
                    }
                    write_spare(s);
                    d_step {
                        swap(s);
                        if
                        :: won && s == SLOTS - 1 ->
                            /* This is the moment at which the request has passed. */
                            book_outstanding = book_outstanding + HOLD;
                            book_open[me] = true;
                            book_admitted[counted_in[0]]++;
                            book_admitted[WINDOWS + counted_in[1]]++;
                            assert(book_admitted[counted_in[0]] <= WINDOW_0);
                            assert(book_admitted[WINDOWS + counted_in[1]] <= WINDOW_1);
                            assert(book_spent + book_outstanding <= BUDGET_0);
                            assert(book_spent + book_outstanding <= BUDGET_1)
                        :: else
                        fi
                    }
                    if
                    :: d_step { won -> forget(s); won = false; s++ }
#ifdef NO_ENTRY
                        d_step { entries[me].open = true; entries[me].sequence = 0 }
#endif
                    :: else ->
                        do
                        :: true ->
                            read_slot(s);
                            d_step { check(s) }
                            if
                            :: allowed -> break
                            :: d_step { !allowed && believed(s) -> judge_refusal(s); refused = true; forget(s) }
                                break
                            :: d_step { !allowed && !believed(s) -> skip }
                            fi
                        od
                    fi
                :: else -> break
                od;
                if
                :: !refused ->
                    /* The call, or the client is gone before it. */
                    if
                    :: d_step { journal[me] = 1; cost = COST }
                        d_step {
                            journal[me] = 2;
                            book_spent = book_spent + COST;
                            book_outstanding = book_outstanding - HOLD;
                            book_open[me] = false
                        }
                    :: d_step {
                            cost = 0;
                            book_outstanding = book_outstanding - HOLD;
                            book_open[me] = false
                        }
                    fi;
                    d_step {
                        sequence++;
                        entries[me].sequence = sequence;
                        s = 0
                    }
                    do
                    :: s < SLOTS ->
                        read_slot(s);
                        d_step {
                            if
                            :: unchanged(s) ->
                                assert(image[s].held >= HOLD && image[s].holds[me] >= HOLD);
                                assert(image[s].instance[me] == instance)
                            :: else
                            fi;
                            roll(image[s], time);
                            image[s].held = image[s].held - HOLD;
                            image[s].holds[me] = image[s].holds[me] - HOLD;
                            image[s].used = image[s].used + cost;
                            image[s].sequence[me] = sequence
                        }
                        write_spare(s);
                        d_step {
                            swap(s);
                            forget(s);
                            if
                            :: won -> s++
                            :: else
                            fi;
                            won = false
                        }
                    :: else -> break
                    od
                :: else ->
#ifdef NO_UNDO
                    s = 0;
#endif
                    do
                    :: s > 0 ->
                        read_slot(s - 1);
                        d_step {
                            if
                            :: unchanged(s - 1) ->
                                assert(image[s - 1].held >= HOLD && image[s - 1].holds[me] >= HOLD)
                            :: else
                            fi;
                            image[s - 1].held = image[s - 1].held - HOLD;
                            image[s - 1].holds[me] = image[s - 1].holds[me] - HOLD;
                            if
#ifdef UNDO_CURRENT
                            :: true ->
#else
                            :: image[s - 1].window == counted_in[s - 1] ->
#endif
                                assert(image[s - 1].current > 0 || !unchanged(s - 1));
                                image[s - 1].current--
#ifndef UNDO_CURRENT
                            :: image[s - 1].window == counted_in[s - 1] + 1 ->
                                assert(image[s - 1].previous > 0 || !unchanged(s - 1));
                                image[s - 1].previous--
                            :: else
#endif
                            fi
                        }
                        write_spare(s - 1);
                        d_step {
                            swap(s - 1);
                            forget(s - 1);
                            if
                            :: won -> s--
                            :: else
                            fi;
                            won = false
                        }
                    :: else -> break
                    od
                fi
            :: else
            fi;
            atomic {
                entries[me].open = false;
                entries[me].sequence = 0;
                journal[me] = 0;
                forget(0);
                forget(1);
                counted_in[0] = 0;
                counted_in[1] = 0;
                cost = 0;
                time = 0;
                s = 0;
                allowed = false;
                refused = false
            }
        :: else -> break
        od;
        atomic {
            finished[me] = true;
            owner[me] = 0
        }
    } unless { dead[me] };
    if
    :: dead[me] ->
        /* The next one at this place, as soon as it is free; the dead one's spare cell is lost. */
        d_step {
            owner[me] == 0 ->
            dead[me] = false;
            instance++;
            owner[me] = instance;
            spare = fresh;
            fresh++;
            sequence = 0;
            cost = 0;
            time = 0;
            s = 0;
            allowed = false;
            won = false;
            refused = false;
            forget(0);
            forget(1);
            counted_in[0] = 0;
            counted_in[1] = 0
        }
        goto life
    :: else
    fi
}

/* Recovers the place of a dead worker: one swap per slot. May die as well, and then begins again. */
proctype aggregator(byte spare) {
    Image image[SLOTS];
    byte seen_tag[SLOTS];
    byte seen_cell[SLOTS];
    byte gone;
    byte cost;
    byte s;
    bool won;
    bool left;

life:
    {
end:
        do
        :: dead[0] ->
            gone = 0;
            goto recover
        :: dead[1] ->
            gone = 1;
            goto recover
        :: finished[0] && finished[1] -> break
        od;
        goto over;
recover:
        /* By the journal: settled, an attempt without an end counts in full, never called costs nothing. */
        cost = (journal[gone] == 2 -> COST : (journal[gone] == 1 -> HOLD : 0));
        do
        :: s < RECOVERED ->
            read_slot(s);
            d_step {
                left = image[s].instance[gone] != owner[gone];
                if
                :: !left ->
                    if
                    :: entries[gone].open && !applied(s) -> image[s].used = image[s].used + cost
                    :: else
                    fi;
                    image[s].held = image[s].held - image[s].holds[gone];
                    image[s].instance[gone] = 0;
                    image[s].holds[gone] = 0;
                    image[s].sequence[gone] = 0
                :: else
                fi
            }
            if
            :: d_step { left && recovery_believed(s) -> forget(s); left = false; s++ }
            :: d_step { left && !recovery_believed(s) -> forget(s); left = false }
            :: !left ->
                write_spare(s);
                d_step {
                    swap(s);
                    forget(s);
                    if
                    :: won -> s++
                    :: else
                    fi;
                    won = false
                }
            fi
        :: else -> break
        od;
        atomic {
            entries[gone].open = false;
            if
            :: book_open[gone] ->
                book_outstanding = book_outstanding - HOLD;
                book_spent = book_spent + cost;
                book_open[gone] = false
            :: else
            fi;
            entries[gone].sequence = 0;
            journal[gone] = 0;
            cost = 0;
            s = 0
        }
        /* Only now may another worker have the place. */
        owner[gone] = 0;
        !dead[gone];
        gone = 0;
        goto end;
over:
        skip
    } unless { aggregator_dead };
    if
    :: aggregator_dead ->
        d_step {
            aggregator_dead = false;
            spare = fresh;
            fresh++;
            gone = 0;
            cost = 0;
            s = 0;
            won = false;
            left = false;
            forget(0);
            forget(1)
        }
        goto life
    :: else
    fi
}

proctype clock() {
    byte ticks = TICKS;
    do
    :: ticks > 0 ->
        d_step {
            now++;
            ticks--
        }
    :: else -> break
    od
}

/* Kills whom it likes, whenever it likes, or nobody. */
proctype killer() {
    byte left = DEATHS;
    byte left_aggregator = AGGREGATOR_DEATHS;
    do
    :: d_step { left > 0 && !finished[0] && !dead[0] -> dead[0] = true; left--; deaths++ }
    :: d_step { left > 0 && !finished[1] && !dead[1] -> dead[1] = true; left--; deaths++ }
    :: d_step { left_aggregator > 0 && (dead[0] || dead[1]) -> aggregator_dead = true; left_aggregator-- }
    :: break
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
            assert(cells[cell[s]].held == 0);
            assert(cells[cell[s]].holds[0] == 0 && cells[cell[s]].holds[1] == 0);
            assert(cells[cell[s]].used == book_spent);
            counted = cells[cell[s]].current;
            assert(counted >= book_admitted[s * WINDOWS + cells[cell[s]].window]);
            assert(counted <= book_admitted[s * WINDOWS + cells[cell[s]].window] + deaths);
            s++
        :: else -> break
        od;
        assert(book_outstanding == 0);
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
        run worker(0, REQUESTS, SLOTS);
        run worker(1, REQUESTS_2, SLOTS + 1);
        run aggregator(SLOTS + 2);
        run clock();
        run killer();
        run judge()
    }
}
