/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * What a packet is: read, and checked as gateway/nat/checks.py does. Nothing is written here.
 */
#pragma once
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>

#include "maps.h"

#define PACKET_HOST 0
#define AF_INET 2
#define PLAIN_IHL 0x45 /* version 4, no options */
#define IP_AT ETH_HLEN
#define TRANSPORT_AT (ETH_HLEN + IP_HEADER)
#define READ_MAX (TRANSPORT_AT + TCP_HEADER)
#define TCP_DATA_OFFSET 12

struct packet {
    u32 source; /* addresses in the machine's order, as the table has them */
    u32 destination;
    u32 total;   /* the length of the IP packet */
    u32 longest; /* of those that an aggregate is cut into; `total` if it is none */
    u16 header;  /* the length of the IP header */
    u16 check;   /* the IP checksum, as it lies there */
    u16 checksum_at; /* of the checksum that covers the addresses; 0: none to change */
    u8 protocol;
    u8 ttl;
    u8 tos;
    u8 is_later_fragment;
    u8 is_unfinished; /* the transport checksum may be left to a card */
};

INLINE u32 folded(u64 sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (u32)((sum & 0xffff) + (sum >> 16));
}

INLINE int is_martian(u32 address)
{
    u32 first = address >> 24;
    return first == 0 || first == 10 || first == 127 || address >> 29 == 7 ||
           address >> 20 == 0xac1 || address >> 16 == 0xc0a8 || address >> 16 == 0xa9fe;
}

INLINE int is_private(u32 address)
{
    return address >> 24 == 10 || address >> 20 == 0xac1 || address >> 16 == 0xc0a8;
}

/* Brings the headers together in one piece, where they aren't yet. */
INLINE void gather(struct __sk_buff *skb)
{
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    if (data + READ_MAX > end && (u64)(end - data) < skb->len)
        bpf_skb_pull_data(skb, skb->len < READ_MAX ? skb->len : READ_MAX);
}

/* Reads the IP header. 0, or a way up, negative. */
INLINE int read_header(struct __sk_buff *skb, struct packet *packet)
{
    if (skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present || skb->pkt_type != PACKET_HOST)
        return -PASSED_NOT_IPV4;
    gather(skb);
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    const u8 *ip = data + IP_AT;
    if (data + TRANSPORT_AT > end)
        return skb->len < TRANSPORT_AT ? -PASSED_MALFORMED : -PASSED_UNREADABLE;
    packet->header = (ip[IP_VERSION_IHL] & 0x0f) * 4;
    packet->total = bpf_ntohs(*(const u16 *)(ip + IP_TOTAL_LENGTH));
    if (ip[IP_VERSION_IHL] >> 4 != 4 || packet->header < IP_HEADER ||
        packet->total < packet->header || packet->total > skb->len - IP_AT)
        return -PASSED_MALFORMED;
    packet->source = bpf_ntohl(*(const u32 *)(ip + IP_SOURCE));
    packet->destination = bpf_ntohl(*(const u32 *)(ip + IP_DESTINATION));
    packet->check = *(const u16 *)(ip + IP_CHECKSUM);
    packet->protocol = ip[IP_PROTOCOL];
    packet->ttl = ip[IP_TTL];
    packet->tos = ip[1];
    packet->is_later_fragment =
        (bpf_ntohs(*(const u16 *)(ip + IP_FLAGS_FRAGMENT)) & IP_FRAGMENT_OFFSET) != 0;
    packet->longest = packet->total;
    return 0;
}

/* Whether the kernel would take this header, which has no options (RFC 1071). */
INLINE int is_header_right(struct __sk_buff *skb)
{
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    const u16 *words = data + IP_AT;
    if (data + TRANSPORT_AT > end)
        return 0;
    u32 sum = 0;
    for (int at = 0; at < IP_HEADER / 2; at++)
        sum += words[at];
    return folded(sum) == 0xffff;
}

INLINE u32 transport_header(u8 protocol)
{
    switch (protocol) {
    case ICMP:
        return ICMP_HEADER;
    case TCP:
        return TCP_HEADER;
    case UDP:
        return UDP_HEADER;
    case DCCP:
        return DCCP_HEADER;
    case UDP_LITE:
        return UDP_LITE_HEADER;
    }
    return 0;
}

/* Whether this is, or may be, the beginning of an ICMP error: only the whole rules read those. */
INLINE int may_be_error(struct __sk_buff *skb, const struct packet *packet)
{
    if (packet->protocol != ICMP || packet->is_later_fragment)
        return 0;
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    const u8 *icmp = data + TRANSPORT_AT;
    if (packet->header != IP_HEADER || (void *)(icmp + 1) > end)
        return 1;
    return *icmp == ICMP_DESTINATION_UNREACHABLE || *icmp == ICMP_TIME_EXCEEDED ||
           *icmp == ICMP_PARAMETER_PROBLEM;
}

/* Of a whole UDP header: whether the checksum is that of the pseudo-header alone. */
INLINE int is_pseudo_header_sum(const u8 *ip, u32 length, u16 checksum)
{
    const u16 *addresses = (const u16 *)(ip + IP_SOURCE);
    u32 sum = bpf_htons(UDP) + bpf_htons((u16)length);
    for (int at = 0; at < 4; at++)
        sum += addresses[at];
    return folded(sum) == checksum;
}

/* The segments of an aggregate must fit the way on: the longest of them, by the size that is told.
 * A tunnel's aggregate doesn't tell how long its headers are. 0, or a way up. */
INLINE int read_aggregate(struct __sk_buff *skb, struct packet *packet, u32 headers)
{
    u32 size = skb->gso_size, parts = skb->gso_segs;
    if (!size)
        return 0;
    u32 data = packet->total - headers;
    if (packet->total < headers || (parts && (data + size - 1) / size != parts))
        return -PASSED_AGGREGATE;
    packet->longest = headers + size;
    return 0;
}

/* Reads the transport header of a packet without options. 0, a reason, or a way up. */
INLINE int read_transport(struct __sk_buff *skb, struct packet *packet)
{
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    const u8 *ip = data + IP_AT, *transport = data + TRANSPORT_AT;
    u8 protocol = packet->protocol;
    if (protocol == AUTHENTICATION_HEADER)
        return REASON_AUTHENTICATION_HEADER;
    if (packet->is_later_fragment)
        return protocol == TCP || protocol == UDP || protocol == ICMP ? 0 : -PASSED_PROTOCOL;
    if (packet->total - IP_HEADER < transport_header(protocol))
        return REASON_TRANSPORT_TRUNCATED;
    if (protocol == TCP) {
        if (data + READ_MAX > end)
            return -PASSED_UNREADABLE;
        packet->checksum_at = TRANSPORT_AT + TCP_CHECKSUM;
        packet->is_unfinished = 1; /* nothing can be inside of TCP: the kernel knows */
        return read_aggregate(skb, packet, IP_HEADER + (transport[TCP_DATA_OFFSET] >> 4) * 4);
    }
    if (protocol != UDP && protocol != ICMP)
        return -PASSED_PROTOCOL;
    if (data + TRANSPORT_AT + UDP_HEADER > end)
        return -PASSED_UNREADABLE;
    if (protocol == ICMP) {
        if (*transport == ICMP_SOURCE_QUENCH || *transport == ICMP_REDIRECT)
            return REASON_UNSUPPORTED_ICMP;
        if (*transport != ICMP_ECHO_REPLY && *transport != ICMP_ECHO)
            return -PASSED_PROTOCOL;
        return skb->gso_size ? -PASSED_AGGREGATE : 0;
    }
    u16 checksum = *(const u16 *)(transport + UDP_CHECKSUM);
    if (checksum) {
        packet->checksum_at = TRANSPORT_AT + UDP_CHECKSUM;
        packet->is_unfinished = is_pseudo_header_sum(ip, packet->total - IP_HEADER, checksum);
    }
    if (skb->gso_size && !packet->is_unfinished)
        return -PASSED_AGGREGATE;
    return read_aggregate(skb, packet, IP_HEADER + UDP_HEADER);
}
