/* How a key gets a slot: processes that enter the same key at the same time, others that want the same slots, a death at
 * any step. A chain of slots; a slot is changed only by an exchange of its whole word, so the word and what it leads to
 * are one here (that this is so is what limit_table.pml is about).
 *
 * Held to be true: a key never counts in two slots; what is counted for it is what was admitted, and within its limit;
 * each process that lives is served, or gives up.
 *
 * Faults, chosen with -D: NO_PENDING (a key counts as soon as it is entered), NO_DISPUTE (it is not asked who else is
 * pending), LOOK_FIRST (who else is pending is asked before the own word is there). */

#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef IDLE
#define IDLE 2 /* slots that have a key nobody misses, before the empty ones */
#endif
#ifndef TRIES
#define TRIES 1 /* how often a process enters its key before it gives up; two may turn each other away again and again */
#endif
#define PROCESSES 3
#define KEYS 3 /* 0 is whose nobody misses */
#define LIMIT 1

mtype = { EMPTY, TOMBSTONE, PENDING, ESTABLISHED, FIND, TAKE, DISPUTE, SETTLE, COUNT, DONE };

mtype state[SLOTS] = EMPTY;
byte key[SLOTS];
byte count[SLOTS];
byte tag[SLOTS];

bool dead[PROCESSES];
byte deaths;
byte admitted[KEYS];
byte finished;

inline exchange(s, to, owner, uses) {
    state[s] = to;
    key[s] = owner;
    count[s] = uses;
    tag[s]++
}

/* Each key counts in one slot at most. To be looked at after each exchange. */
inline judge() {
    i = 0;
    do
    :: i < SLOTS ->
        j = i + 1;
        do
        :: j < SLOTS ->
            assert(!(state[i] == ESTABLISHED && state[j] == ESTABLISHED && key[i] == key[j] && key[i] != 0));
            j++
        :: else -> break
        od;
        i++
    :: else -> break
    od;
    i = 0;
    j = 0
}

proctype process(byte me; byte wanted) {
    mtype step = FIND;
    byte s;
    byte i;
    byte j;
    byte mine;
    byte mine_tag;
    byte free = SLOTS;
    byte free_tag;
    byte tries;
    byte idle = SLOTS;
    byte idle_tag;
    {
        do
        /* The slot that counts; on the way, where the key could be entered. One word at a time. */
        :: d_step { step == FIND ->
                if
                :: s < SLOTS && state[s] == ESTABLISHED && key[s] == wanted ->
                    mine = s;
                    mine_tag = tag[s];
                    step = COUNT
                :: s < SLOTS && (state[s] == EMPTY || state[s] == TOMBSTONE) ->
                    if
                    :: free == SLOTS ->
                        free = s;
                        free_tag = tag[s]
                    :: else
                    fi;
                    /* A chain ends at its first empty word. */
                    s = (state[s] == EMPTY -> SLOTS : s + 1)
                :: s < SLOTS && state[s] == ESTABLISHED && key[s] != wanted ->
                    if
                    :: idle == SLOTS && count[s] == 0 ->
                        idle = s;
                        idle_tag = tag[s]
                    :: else
                    fi;
                    s++
                :: s < SLOTS && state[s] == PENDING -> s++
                :: s == SLOTS ->
                    if
                    :: free == SLOTS ->
                        free = idle;
                        free_tag = idle_tag
                    :: else
                    fi;
                    /* No room: the table is full for this key. */
                    step = (free == SLOTS || tries == TRIES -> DONE : TAKE);
                    tries = (step == TAKE -> tries + 1 : 0);
#ifdef LOOK_FIRST
                    if
                    :: step == TAKE ->
                        mine = free;
                        s = 0;
                        step = DISPUTE
                    :: else
                    fi;
#endif
                    idle = SLOTS;
                    idle_tag = 0
                fi }
        :: d_step { step == TAKE ->
                s = 0;
                if
                :: tag[free] == free_tag ->
                    mine = free;
#ifdef NO_PENDING
                    exchange(mine, ESTABLISHED, wanted, 0);
                    step = FIND;
#else
                    exchange(mine, PENDING, wanted, 0);
#if defined(NO_DISPUTE) || defined(LOOK_FIRST)
                    step = SETTLE;
#else
                    step = DISPUTE;
#endif
#endif
                    mine_tag = tag[mine]
                :: else -> step = FIND
                fi;
                free = SLOTS;
                free_tag = 0;
                judge() }
        /* Others that enter the key become tombstones; one that counts wins. */
        :: d_step { step == DISPUTE ->
                if
                :: s == SLOTS || (s != mine && state[s] == EMPTY) ->
                    s = 0;
#ifdef LOOK_FIRST
                    step = TAKE
#else
                    step = SETTLE
#endif
                :: s < SLOTS && s == mine -> s++
                :: s < SLOTS && s != mine && state[s] == PENDING && key[s] == wanted ->
                    exchange(s, TOMBSTONE, 0, 0);
                    s++
                :: s < SLOTS && s != mine && state[s] == ESTABLISHED && key[s] == wanted ->
#ifndef LOOK_FIRST
                    if
                    :: tag[mine] == mine_tag -> exchange(mine, TOMBSTONE, 0, 0)
                    :: else
                    fi;
#endif
                    s = 0;
                    free = SLOTS;
                    free_tag = 0;
                    step = FIND
                :: else -> s++
                fi }
        :: d_step { step == SETTLE ->
                if
                :: tag[mine] == mine_tag ->
                    exchange(mine, ESTABLISHED, wanted, 0);
                    mine_tag = tag[mine];
                    step = COUNT
                :: else -> step = FIND
                fi;
                s = 0;
                judge() }
        /* The decision: the word must be the one that was seen. */
        :: d_step { step == COUNT ->
                s = 0;
                free = SLOTS;
                free_tag = 0;
                idle = SLOTS;
                idle_tag = 0;
                if
                :: tag[mine] != mine_tag -> step = FIND
                :: else ->
                    if
                    :: count[mine] < LIMIT ->
                        exchange(mine, ESTABLISHED, wanted, count[mine] + 1);
                        admitted[wanted]++;
                        assert(admitted[wanted] <= LIMIT)
                    :: else
                    fi;
                    step = DONE
                fi;
                mine = 0;
                mine_tag = 0 }
        :: step == DONE -> break
        od;
        finished++
    } unless { dead[me] };
    if
    :: dead[me] -> finished++
    :: else
    fi
}

/* What is not missed any more looks so without an exchange. */
proctype clock() {
    do
    :: d_step { state[0] == ESTABLISHED && key[0] == 0 && count[0] == 1 -> count[0] = 0 }
        break
    :: break
    od
}

proctype killer() {
    do
    :: d_step { deaths < DEATHS && !dead[0] && finished == 0 -> dead[0] = true; deaths++ }
    :: break
    od
}

init {
    byte s;
    atomic {
        do
        :: s < IDLE ->
            state[s] = ESTABLISHED;
            s++
        :: else -> break
        od;
        /* The first is missed still, until its windows are over. */
        if
        :: IDLE > 0 -> count[0] = 1
        :: else
        fi;
        run clock();
        run process(0, 1);
        run process(1, 1);
        run process(2, 2);
        run killer()
    }
}
