/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Token buckets: the same words and the same arithmetic as gateway/nat/policer.py, so that all
 * workers and all processors together give an address exactly what one would.
 */
#pragma once
#include "table.h"

#define TAKE_TRIES 16
#define LACKS 0
#define TAKEN 1
#define UNDECIDED (-1)

/* Whose a bucket is. */
#define OF_ADDRESS 0
#define OF_PACKAGE 1
#define OF_SLOW_PATH 2

INLINE u64 *bucket_at(u32 whose, u32 at)
{
    switch (whose) {
    case OF_ADDRESS:
        return bpf_map_lookup_elem(&address_buckets, &at);
    case OF_PACKAGE:
        return bpf_map_lookup_elem(&package_buckets, &at);
    }
    return bpf_map_lookup_elem(&slow_buckets, &at);
}

INLINE u64 cost_of(u32 kbps, u32 length)
{
    return ((u64)length * TICKS_PER_BYTE_AT_1_KBPS + kbps - 1) / kbps;
}

/* Takes `length` bytes, or nothing if the bucket has less. */
APART int take(u32 whose, u32 at, u32 kbps, u32 length, u64 now)
{
    u64 *bucket = bucket_at(whose, at);
    if (!bucket)
        return UNDECIDED;
    if (!kbps)
        return LACKS;
    u64 latest = now + DEPTH_MAX, depth = BURST_MIN * TICKS_PER_BYTE_AT_1_KBPS / kbps;
    u64 full = latest - (depth > BURST ? depth : BURST), cost = cost_of(kbps, length);
#pragma clang loop unroll(disable)
    for (int tries = 0; tries < TAKE_TRIES; tries++) {
        u64 before = read_once(*bucket);
        /* A word of a later time than any processor's is damaged; signed, as there. */
        int usable = (s64)before <= (s64)(latest + AHEAD_MAX) && (s64)before > (s64)full;
        u64 after = (usable ? before : full) + cost;
        if ((s64)after > (s64)latest)
            return LACKS;
        if (__sync_val_compare_and_swap(bucket, before, after) == before)
            return TAKEN;
    }
    return UNDECIDED;
}

APART int give_back(u32 whose, u32 at, u32 kbps, u32 length)
{
    u64 *bucket = bucket_at(whose, at);
    if (bucket && kbps)
        __sync_fetch_and_add(bucket, -cost_of(kbps, length));
    return 0;
}

/* What one address pays in one direction: its own bucket, and its package's. */
struct share {
    u32 own; /* the number of the bucket; without a rate there is none */
    u32 own_kbps;
    u32 package;
    u32 package_kbps;
    u32 is_in_package;
};

INLINE void find_share(const struct table *table, s32 slot, u32 way, struct share *share)
{
    const struct record *record = record_of(table, slot);
    if (!record)
        return;
    u32 number = package_of(table, record);
    share->own = (u32)slot * BUCKETS + way;
    share->own_kbps = way == SENDS ? record->out_kbps : record->in_kbps;
    share->is_in_package = number != 0;
    share->package = (number - 1) * BUCKETS + way;
    share->package_kbps = number ? package_kbps(table, number) : 0;
}

INLINE int is_free(const struct share *share)
{
    return !share->own_kbps && !share->is_in_package;
}

/* Takes from both buckets or from none. 0, a reason to drop, or a way up, negative. */
APART int take_share(const struct share *share, u32 length, u64 now)
{
    if (!share)
        return -PASSED_CONTENDED; /* never: the verifier wants to see that it was asked */
    if (share->own_kbps) {
        int taken = take(OF_ADDRESS, share->own, share->own_kbps, length, now);
        if (taken != TAKEN)
            return taken == LACKS ? REASON_POLICED : -PASSED_CONTENDED;
    }
    if (share->is_in_package) {
        int taken = take(OF_PACKAGE, share->package, share->package_kbps, length, now);
        if (taken != TAKEN) {
            if (share->own_kbps)
                give_back(OF_ADDRESS, share->own, share->own_kbps, length);
            return taken == LACKS ? REASON_PACKAGE_POLICED : -PASSED_CONTENDED;
        }
    }
    return 0;
}

APART int return_share(const struct share *share, u32 length)
{
    if (share && share->own_kbps)
        give_back(OF_ADDRESS, share->own, share->own_kbps, length);
    if (share && share->is_in_package)
        give_back(OF_PACKAGE, share->package, share->package_kbps, length);
    return 0;
}
