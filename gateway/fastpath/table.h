/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The published table where it lies: as gateway/nat/view.py reads it. All is read within bounds.
 */
#pragma once
#include "maps.h"

#define NONE (-1)
#define BITS_MAX 24
#define SLOTS_MAX (1u << 24)

struct table {
    void *base;
    u32 which; /* of the two maps */
    u32 bits;
    u32 slots;
    u64 inbound; /* where the parts begin, in bytes */
    u64 outbound;
    u64 packages;
};

struct entry {
    u32 address;
    u32 slot_1; /* its slot + 1; 0 in an empty place */
};

struct record {
    u32 public;
    u32 private;
    u32 out_kbps;
    u32 in_kbps;
    u32 package;
    u32 deltas;
};

_Static_assert(sizeof(struct entry) == ENTRY_BYTES, "gateway/nat/layout.py");
_Static_assert(sizeof(struct record) == RECORD_BYTES, "gateway/nat/layout.py");
_Static_assert(__builtin_offsetof(struct record, public) == RECORD_PUBLIC, "layout.py");
_Static_assert(__builtin_offsetof(struct record, private) == RECORD_PRIVATE, "layout.py");
_Static_assert(__builtin_offsetof(struct record, out_kbps) == RECORD_OUT_KBPS, "layout.py");
_Static_assert(__builtin_offsetof(struct record, in_kbps) == RECORD_IN_KBPS, "layout.py");
_Static_assert(__builtin_offsetof(struct record, package) == RECORD_PACKAGE, "layout.py");

/* The place `at` of a table, with `size` bytes behind it; none if it has fewer. */
INLINE void *within(void *base, u64 at, u64 size)
{
    asm volatile("" : "+r"(at)); /* or the compiler takes the comparison apart */
    return at > sizes.table_bytes - size ? NULL : base + at;
}

INLINE void *table_of(u32 which)
{
    u32 zero = 0;
    return which ? bpf_map_lookup_elem(&table_1, &zero) : bpf_map_lookup_elem(&table_0, &zero);
}

INLINE u32 head(const struct table *table, u32 at)
{
    return *(const u32 *)(table->base + at);
}

/* The table of the generation in force; false if there is none. */
INLINE int open_table(struct table *table)
{
    u32 zero = 0;
    u64 *generation = bpf_map_lookup_elem(&word, &zero);
    if (!generation)
        return 0;
    u64 wanted = read_once(*generation);
    for (table->which = 0; table->which < 2; table->which++) {
        table->base = table_of(table->which);
        if (table->base && *(const volatile u64 *)(table->base + TABLE_GENERATION) == wanted)
            break;
    }
    if (!table->base || table->which == 2)
        return 0;
    table->bits = head(table, TABLE_BITS);
    table->slots = head(table, TABLE_SLOTS);
    if (!wanted || table->bits < 1 || table->bits > BITS_MAX || table->slots > SLOTS_MAX)
        return 0;
    u64 index = ((1ull << table->bits) + PROBES) * ENTRY_BYTES;
    table->inbound = TABLE_RECORDS + (u64)table->slots * RECORD_BYTES;
    table->outbound = table->inbound + index;
    table->packages = table->outbound + index;
    return 1;
}

/* The slot of an address by the index that begins at `at`, or `NONE`. */
APART int find(u32 which, u64 at, u32 bits, u32 slots, u32 address)
{
    void *base = table_of(which);
    if (!base)
        return NONE;
    at += (u64)((u32)(address * GOLDEN) >> (32 - bits)) * ENTRY_BYTES;
#pragma clang loop unroll(disable)
    for (int probe = 0; probe < PROBES; probe++, at += ENTRY_BYTES) {
        const struct entry *entry = within(base, at, ENTRY_BYTES);
        if (!entry || !entry->slot_1)
            return NONE;
        if (entry->address == address)
            return entry->slot_1 <= slots ? (s32)(entry->slot_1 - 1) : NONE;
    }
    return NONE;
}

INLINE s32 of_public(const struct table *table, u32 address)
{
    return find(table->which, table->inbound, table->bits, table->slots, address);
}

INLINE s32 of_private(const struct table *table, u32 address)
{
    return find(table->which, table->outbound, table->bits, table->slots, address);
}

INLINE int in_pools(const struct table *table, u32 address)
{
    return address && ((address >= head(table, TABLE_POOLS) &&
                        address <= head(table, TABLE_POOLS + 4)) ||
                       (address >= head(table, TABLE_POOLS + 8) &&
                        address <= head(table, TABLE_POOLS + 12)));
}

INLINE const struct record *record_of(const struct table *table, s32 slot)
{
    return within(table->base, TABLE_RECORDS + (u64)(u32)slot * RECORD_BYTES, RECORD_BYTES);
}

/* The number of the record's package; 0 if it is in none. */
INLINE u32 package_of(const struct table *table, const struct record *record)
{
    u32 number = record->package & PACKAGE_MASK;
    return number <= head(table, TABLE_PACKAGES) ? number : 0;
}

INLINE u32 package_kbps(const struct table *table, u32 number)
{
    const u32 *kbps = within(
        table->base, table->packages + (u64)(number - 1) * PACKAGE_BYTES + PACKAGE_KBPS, sizeof(u32));
    return kbps ? *kbps : 0;
}
