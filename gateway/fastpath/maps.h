/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * What the programs share with processes: the published table, the workers' words, settings.
 * Sizes of one entry are given when the program is loaded; `sizes` tells them to the verifier.
 */
#pragma once
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "layout.h"

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#define INLINE static __attribute__((always_inline))
/* The verifier looks at such a function once, for any numbers, and not at each call of it. */
#define APART __attribute__((noinline))
/* Reads memory that others write once, and not again where the compiler finds that handier. */
#define read_once(place) (*(volatile typeof(place) *)&(place))

/* Constants of a load: the loader writes them, and the verifier knows them as numbers. */
const volatile struct {
    u64 table_bytes;
    u64 page_bytes;
    u64 replaying; /* not 0: packets of a capture, which no link waits for */
} sizes = {0};

#define SHARED(name, count, bytes)                \
    struct {                                      \
        __uint(type, BPF_MAP_TYPE_ARRAY);         \
        __uint(map_flags, BPF_F_MMAPABLE);        \
        __uint(max_entries, count);               \
        __uint(key_size, sizeof(u32));            \
        __uint(value_size, bytes);                \
    } name SEC(".maps")

SHARED(word, 1, sizeof(u64)); /* the generation in force */
SHARED(table_0, 1, 4096);     /* two tables by turns: a packet takes the one of that generation */
SHARED(table_1, 1, 4096);
SHARED(pages, 1, 4096); /* a worker's page for each processor */
SHARED(address_buckets, BUCKETS, sizeof(u64));
SHARED(package_buckets, BUCKETS, sizeof(u64));
SHARED(slow_buckets, BUCKETS, sizeof(u64)); /* each address's shares of the slow path */
SHARED(settings, 1, SETTINGS_BYTES);

/* The private address of the instance behind each link, by the number of the gateway's end. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __type(key, u32);
    __type(value, u32);
} links SEC(".maps");

/* Why packets went up, for each processor. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 64);
    __type(key, u32);
    __type(value, u64);
} passed SEC(".maps");

/* To change an entry of such a map takes until each packet that is under way has gone: whoever
 * has changed `word` and then this knows that no packet sees an older table. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, u32);
    __array(values, typeof(word));
} grace SEC(".maps") = {.values = {&word}};

struct settings {
    u8 bytes[SETTINGS_BYTES];
};

INLINE u32 setting(const struct settings *all, u32 at)
{
    return read_once(*(const u32 *)(all->bytes + at));
}
