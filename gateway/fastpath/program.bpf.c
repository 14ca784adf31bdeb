/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The fast path: the rules of gateway/nat/translate.py for what is plain, in the kernel.
 *
 *     uplink   ─▶ from_uplink    to a mapping: to the other end of the instance's link
 *     instance ─▶ from_instance  to the internet: out of the uplink; to a mapping: as above
 *
 * Each is the ingress filter of a link (tc, clsact, direct action). A packet is *carried*, with its
 * addresses rewritten; or *dropped*, for the reason that the rules have; or it goes *up*, untouched,
 * to the kernel and the queue behind it, where the whole rules are. All of a packet is looked at
 * before its first byte is written: whatever isn't sure goes up. docs/fast-path.md has the table.
 */
#include "packet.h"
#include "policer.h"
#include "table.h"

/* Goes up. Other filters of this link, whose owner isn't the gateway, come first. */
#define UP TC_ACT_UNSPEC

/* A rate of N packets a second is a bucket's N kbit/s, if each packet is of 1 kbit. */
#define BYTES_OF_ONE 125

struct plan {
    s32 sender; /* slots: whose packet it is, and for whom */
    s32 receiver;
    u32 new_source; /* 0: stays */
    u32 new_destination;
    struct share sends;
    struct share receives;
    struct bpf_fib_lookup way;
};

/* Where this packet is counted, in the page of this processor. One program runs there at a time. */
struct tally {
    u64 *reason;
    u64 *receiver;
    u64 *sender;
};

/* The time, in the ticks that buckets count. */
INLINE u64 now_of(const struct settings *all)
{
    u64 now = sizes.replaying ? read_once(*(const u64 *)(all->bytes + SETTING_CLOCK))
                              : bpf_ktime_get_ns();
    return now * TICKS_PER_NS;
}

/* A place in this processor's page; none if the page is too short, or there is none. */
INLINE u64 *page_at(u64 at, u64 size)
{
    u32 processor = bpf_get_smp_processor_id();
    void *page = bpf_map_lookup_elem(&pages, &processor);
    asm volatile("" : "+r"(at));
    return !page || at > sizes.page_bytes - size ? NULL : page + at;
}

INLINE int drop(int reason)
{
    u64 *count = page_at(PAGE_REASONS + reason * sizeof(u64), sizeof(u64));
    if (!count)
        return UP; /* nothing is dropped without being counted */
    (*count)++;
    return TC_ACT_SHOT;
}

/* Goes up, unless the address has had its share of the slow path: then it ends here. */
INLINE int pass(const struct settings *all, const struct plan *plan, u32 cause)
{
    u32 rate = setting(all, SETTING_SLOW_PACKETS);
    u32 way = plan->sender != NONE ? SENDS : RECEIVES;
    s32 slot = way == SENDS ? plan->sender : plan->receiver;
    if (rate && slot != NONE &&
        take(OF_SLOW_PATH, (u32)slot * BUCKETS + way, rate, BYTES_OF_ONE, now_of(all)) == LACKS)
        return drop(REASON_SLOW_PATH_LIMITED);
    u64 *count = bpf_map_lookup_elem(&passed, &cause);
    if (count)
        (*count)++;
    return UP;
}

/* Finds the counters of a packet that is carried; false if one isn't there. */
INLINE int find_tally(const struct plan *plan, struct tally *tally)
{
    tally->reason = page_at(PAGE_REASONS, sizeof(u64));
    if (plan->receiver != NONE)
        tally->receiver =
            page_at(PAGE_SLOTS + (u64)(u32)plan->receiver * PAGE_SLOT_BYTES, PAGE_SLOT_BYTES);
    if (plan->sender != NONE)
        tally->sender =
            page_at(PAGE_SLOTS + (u64)(u32)plan->sender * PAGE_SLOT_BYTES, PAGE_SLOT_BYTES);
    return tally->reason && (tally->receiver || plan->receiver == NONE) &&
           (tally->sender || plan->sender == NONE);
}

INLINE void count(const struct tally *tally, u32 length)
{
    (*tally->reason)++;
    if (tally->receiver) {
        tally->receiver[0]++;
        tally->receiver[1] += length;
    }
    if (tally->sender) {
        tally->sender[2]++;
        tally->sender[3] += length;
    }
}

INLINE int is_no_stranger(const struct table *table, const struct settings *all, u32 address)
{
    return is_martian(address) || in_pools(table, address) ||
           (!setting(all, SETTING_WHOLE_POOLS) && of_public(table, address) != NONE);
}

INLINE int has_flag(const struct table *table, s32 slot, u32 flag)
{
    const struct record *record = slot == NONE ? NULL : record_of(table, slot);
    return record && record->package & flag;
}

INLINE int is_blocked(const struct table *table, s32 slot)
{
    return has_flag(table, slot, BLOCKED_BIT);
}

/* Whether security groups filter the instance. */
INLINE int is_member(const struct table *table, s32 slot)
{
    return has_flag(table, slot, MEMBER_BIT);
}

/* What the rules say of a packet from the uplink. 0, a reason to drop, or a way up. */
INLINE int judge_inbound(struct __sk_buff *skb, const struct table *table,
                         const struct settings *all, struct packet *packet, struct plan *plan)
{
    if (!in_pools(table, packet->destination) || packet->source == setting(all, SETTING_ADDRESS))
        return -PASSED_GUARDED;
    if (packet->source == packet->destination)
        return REASON_LAND;
    if (is_no_stranger(table, all, packet->source)) {
        /* A router on the path may have a private address, and tell of an error. */
        if (is_private(packet->source) && may_be_error(skb, packet)) {
            plan->receiver = of_public(table, packet->destination);
            if (plan->receiver != NONE)
                return -PASSED_PROTOCOL;
        }
        return REASON_MARTIAN;
    }
    plan->receiver = of_public(table, packet->destination);
    if (plan->receiver == NONE)
        return REASON_UNKNOWN_PUBLIC;
    if (is_blocked(table, plan->receiver))
        return REASON_BLOCKED;
    if (is_member(table, plan->receiver))
        return -PASSED_MEMBER;
    return packet->header == IP_HEADER ? read_transport(skb, packet) : -PASSED_OPTIONS;
}

/* The same of a packet from an instance. With `is_hairpin` it is to an address of the pool. */
INLINE int judge_from_instance(struct __sk_buff *skb, const struct table *table,
                               const struct settings *all, struct packet *packet,
                               struct plan *plan, int *is_hairpin)
{
    u32 link = skb->ifindex;
    u32 *private = bpf_map_lookup_elem(&links, &link);
    if (!private || *private != packet->source)
        return -PASSED_GUARDED;
    *is_hairpin = in_pools(table, packet->destination);
    if (!*is_hairpin) {
        if (is_no_stranger(table, all, packet->destination))
            return -PASSED_NOT_OUTBOUND;
        if (packet->header != IP_HEADER)
            return -PASSED_OPTIONS;
    }
    if (packet->source == packet->destination)
        return REASON_LAND;
    plan->sender = of_private(table, packet->source);
    if (*is_hairpin) {
        plan->receiver = of_public(table, packet->destination);
        if (plan->receiver == NONE)
            return REASON_UNKNOWN_PUBLIC;
    }
    if (is_blocked(table, plan->sender) || is_blocked(table, plan->receiver))
        return REASON_BLOCKED;
    if (is_member(table, plan->sender) || is_member(table, plan->receiver))
        return -PASSED_MEMBER;
    if (packet->header != IP_HEADER)
        return -PASSED_OPTIONS;
    int why = read_transport(skb, packet);
    if (plan->sender == NONE && why <= 0 && !may_be_error(skb, packet))
        return REASON_UNKNOWN_PRIVATE;
    return why;
}

/* The addresses of the mappings. False if one can't be: the public one must be of the pool. */
INLINE int find_addresses(const struct table *table, struct plan *plan)
{
    if (plan->sender != NONE) {
        const struct record *record = record_of(table, plan->sender);
        if (!record || !in_pools(table, record->public))
            return 0;
        plan->new_source = record->public;
    }
    if (plan->receiver != NONE) {
        const struct record *record = record_of(table, plan->receiver);
        if (!record || !record->private)
            return 0;
        plan->new_destination = record->private;
    }
    return 1;
}

/* Asks the kernel for the way on. 0, or a way up. */
INLINE int find_way(struct __sk_buff *skb, const struct settings *all, const struct packet *packet,
                    struct plan *plan)
{
    /* Of a packet to the internet the kernel translates the source after it has found the way. */
    u32 source = plan->receiver != NONE && plan->new_source ? plan->new_source : packet->source;
    u32 destination = plan->new_destination ? plan->new_destination : packet->destination;
    plan->way.family = AF_INET;
    plan->way.l4_protocol = packet->protocol;
    plan->way.tot_len = packet->longest;
    plan->way.ifindex = skb->ifindex;
    plan->way.tos = packet->tos;
    plan->way.ipv4_src = bpf_htonl(source);
    plan->way.ipv4_dst = bpf_htonl(destination);
    long found = bpf_fib_lookup(skb, &plan->way, sizeof(plan->way), 0);
    if (found == BPF_FIB_LKUP_RET_FRAG_NEEDED)
        return -PASSED_TOO_LONG;
    if (found || plan->way.family != AF_INET || plan->way.ifindex == skb->ifindex)
        return -PASSED_NO_WAY;
    if (plan->receiver == NONE)
        return plan->way.ifindex == setting(all, SETTING_UPLINK) ? 0 : -PASSED_NO_WAY;
    u32 link = plan->way.ifindex;
    u32 *private = bpf_map_lookup_elem(&links, &link);
    return private && *private == destination ? 0 : -PASSED_NO_WAY;
}

/* Takes from all buckets that the packet must pay, or from none. 0, a reason, or a way up. */
INLINE int police(const struct table *table, const struct settings *all, u32 length,
                  struct plan *plan)
{
    if (plan->sender != NONE)
        find_share(table, plan->sender, SENDS, &plan->sends);
    if (plan->receiver != NONE)
        find_share(table, plan->receiver, RECEIVES, &plan->receives);
    if (is_free(&plan->sends) && is_free(&plan->receives))
        return 0;
    u64 now = now_of(all);
    int why = take_share(&plan->sends, length, now);
    if (why)
        return why;
    why = take_share(&plan->receives, length, now);
    if (why)
        return_share(&plan->sends, length);
    return why;
}

/* What a checksum takes in when the addresses change: ~old + new, in network order (RFC 1624). */
INLINE u32 delta_of(const struct packet *packet, const struct plan *plan)
{
    u64 sum = 0;
    if (plan->new_source)
        sum += (u64)(u32)~bpf_htonl(packet->source) + bpf_htonl(plan->new_source);
    if (plan->new_destination)
        sum += (u64)(u32)~bpf_htonl(packet->destination) + bpf_htonl(plan->new_destination);
    sum = (sum & 0xffffffff) + (sum >> 32);
    return (u32)((sum & 0xffffffff) + (sum >> 32));
}

INLINE u16 updated(u16 checksum, u32 delta)
{
    return ~folded((u64)(u16)~checksum + delta);
}

/* Changes the checksum over the addresses. Not 0 if that can't be done: then nothing is changed.
 *
 * One that is left to a card, and one of a packet that a card has summed up, are the kernel's to
 * change. One inside of a UDP tunnel may be left to a card, too: the kernel would then take that of
 * the tunnel for it. */
INLINE long rewrite_transport(struct __sk_buff *skb, const struct packet *packet, u32 delta)
{
    if (packet->protocol == TCP)
        return bpf_l4_csum_replace(skb, TRANSPORT_AT + TCP_CHECKSUM, 0, delta, BPF_F_PSEUDO_HDR);
    if (packet->is_unfinished || bpf_csum_update(skb, 0) >= 0)
        return bpf_l4_csum_replace(skb, TRANSPORT_AT + UDP_CHECKSUM, 0, delta,
                                   BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0);
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    u16 *checksum = data + TRANSPORT_AT + UDP_CHECKSUM;
    if ((void *)(checksum + 1) > end)
        return -1;
    u16 changed = updated(*checksum, delta);
    *checksum = changed ? changed : ZERO_SENT_AS;
    return 0;
}

/* Rewrites the packet, and takes one hop from its time to live as the kernel does. */
INLINE int rewrite(struct __sk_buff *skb, const struct packet *packet, const struct plan *plan)
{
    u32 delta = delta_of(packet, plan);
    if (packet->checksum_at && rewrite_transport(skb, packet, delta))
        return 0;
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    struct ethhdr *frame = data;
    u8 *ip = data + IP_AT;
    if (data + TRANSPORT_AT > end)
        return 0; /* never: it was there before */
    if (plan->new_source)
        *(u32 *)(ip + IP_SOURCE) = bpf_htonl(plan->new_source);
    if (plan->new_destination)
        *(u32 *)(ip + IP_DESTINATION) = bpf_htonl(plan->new_destination);
    u32 check = updated(packet->check, delta);
    if (!sizes.replaying) {
        check += bpf_htons(0x0100);
        check += check >= 0xffff;
        ip[IP_TTL] = packet->ttl - 1;
        __builtin_memcpy(frame->h_dest, plan->way.dmac, ETH_ALEN);
        __builtin_memcpy(frame->h_source, plan->way.smac, ETH_ALEN);
    }
    *(u16 *)(ip + IP_CHECKSUM) = check;
    return 1;
}

INLINE int send(const struct plan *plan)
{
    if (sizes.replaying)
        return TC_ACT_REDIRECT;
    if (plan->receiver != NONE)
        return bpf_redirect_peer(plan->way.ifindex, 0);
    struct bpf_redir_neigh next = {.nh_family = AF_INET, .ipv4_nh = plan->way.ipv4_dst};
    return bpf_redirect_neigh(plan->way.ifindex, &next, sizeof(next), 0);
}

/* All that is to be known of the packet. 0 to carry it, a reason to drop, or a way up. */
INLINE int decide(struct __sk_buff *skb, const struct table *table, const struct settings *all,
                  int is_inbound, struct packet *packet, struct plan *plan)
{
    int is_hairpin = 0, why = read_header(skb, packet);
    if (why)
        return why;
    why = is_inbound ? judge_inbound(skb, table, all, packet, plan)
                     : judge_from_instance(skb, table, all, packet, plan, &is_hairpin);
    if (why < 0 || (why && (is_inbound || is_hairpin || sizes.replaying)))
        return why;
    /* The rules see a packet to the internet behind all that the kernel has to say of it. */
    if (packet->ttl <= 1)
        return -PASSED_LAST_HOP;
    if (!is_header_right(skb))
        return -PASSED_MALFORMED;
    if (!find_addresses(table, plan))
        return -PASSED_GUARDED;
    int way = sizes.replaying ? 0 : find_way(skb, all, packet, plan);
    return way ? way : why;
}

/* Takes what the packet must pay, rewrites and counts it. 0, a reason to drop, or a way up. */
INLINE int carry(struct __sk_buff *skb, const struct table *table, const struct settings *all,
                 const struct packet *packet, struct plan *plan)
{
    struct tally tally = {};
    if (!find_tally(plan, &tally))
        return -PASSED_CONTENDED;
    int why = police(table, all, packet->total, plan);
    if (why)
        return why;
    if (!rewrite(skb, packet, plan)) {
        return_share(&plan->sends, packet->total);
        return_share(&plan->receives, packet->total);
        return -PASSED_UNREADABLE;
    }
    count(&tally, packet->total);
    return 0;
}

/* Whatever the verifier knows of these it forgets here: so it looks at what follows once, and not
 * for each way that may lead there. */
APART int settled(int why, struct packet *packet, struct plan *plan)
{
    asm volatile("" : "+r"(why) : "r"(packet), "r"(plan) : "memory");
    return why;
}

INLINE int filter(struct __sk_buff *skb, int is_inbound)
{
    u32 zero = 0;
    const struct settings *all = bpf_map_lookup_elem(&settings, &zero);
    struct table table = {};
    if (!all || setting(all, SETTING_STATE) != STATE_CARRYING || setting(all, SETTING_WATCHED) ||
        !open_table(&table))
        return UP;
    struct packet packet = {};
    struct plan plan = {.sender = NONE, .receiver = NONE};
    int why = settled(decide(skb, &table, all, is_inbound, &packet, &plan), &packet, &plan);
    if (!why)
        why = carry(skb, &table, all, &packet, &plan);
    if (why < 0)
        return pass(all, &plan, -why);
    return why ? drop(why) : send(&plan);
}

SEC("tc") int from_uplink(struct __sk_buff *skb)
{
    return filter(skb, 1);
}

SEC("tc") int from_instance(struct __sk_buff *skb)
{
    return filter(skb, 0);
}

/* The kernel lends its functions to no program without this. */
char terms[] SEC("license") = "GPL";
