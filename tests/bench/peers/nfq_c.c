/* 1:1 NAT with libnetfilter_queue in C, one packet at a time: what its manual leads to.
 *
 *   nfq_c TABLE        with the namespace's queue 0
 *
 * TABLE is a file of pairs, public and private address, four bytes each in network order. The mark of a
 * packet is its direction: 1 inbound, 2 outbound. Checksums are updated, not computed anew (RFC 1624).
 * As a careful author would, it asks for a long queue and a large buffer, and isn't told of overruns.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { QUEUE = 0, QUEUE_LENGTH = 4096, SOCKET_BUFFER = 32 << 20, COPY_RANGE = 0xffff };
enum { INBOUND = 1, OUTBOUND = 2 };

static void die(const char *what) {
    fprintf(stderr, "nfq_c: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* From address to address, by open addressing in a table that is at most half full. No address is 0. */
struct index {
    uint32_t mask;
    struct pair {
        uint32_t key, value;
    } *pairs;
};

static struct index inbound, outbound;

static uint32_t place(const struct index *index, uint32_t key) {
    uint32_t at = (key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & index->mask;
    while (index->pairs[at].key && index->pairs[at].key != key)
        at = (at + 1) & index->mask;
    return at;
}

static void put(struct index *index, uint32_t key, uint32_t value) {
    index->pairs[place(index, key)] = (struct pair){key, value};
}

static uint32_t find(const struct index *index, uint32_t key) { /* 0 if it isn't there */
    return index->pairs[place(index, key)].value;
}

static void make(struct index *index, size_t count) {
    size_t size = 16;
    while (size < 2 * count)
        size *= 2;
    index->mask = size - 1;
    index->pairs = calloc(size, sizeof *index->pairs);
    if (!index->pairs)
        die("memory");
}

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    uint32_t pair[2];
    if (!file || fstat(fileno(file), &status))
        die(path);
    make(&inbound, status.st_size / sizeof pair);
    make(&outbound, status.st_size / sizeof pair);
    while (fread(pair, sizeof pair, 1, file) == 1) {
        put(&inbound, pair[0], pair[1]);
        put(&outbound, pair[1], pair[0]);
    }
    fclose(file);
}

static uint32_t halves(uint32_t address) { return (address >> 16) + (address & 0xffff); }

static uint16_t updated(uint16_t checksum, uint32_t before, uint32_t after) {
    uint32_t sum = (uint16_t)~checksum + halves(~before) + halves(after);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum;
}

static void update_transport(struct iphdr *ip, uint8_t *end, uint32_t before, uint32_t after) {
    uint8_t *transport = (uint8_t *)ip + ip->ihl * 4;
    if (ip->frag_off & htons(0x1fff)) /* not the first fragment: no transport header */
        return;
    if (ip->protocol == IPPROTO_TCP && transport + sizeof(struct tcphdr) <= end) {
        struct tcphdr *tcp = (void *)transport;
        tcp->check = updated(tcp->check, before, after);
    } else if (ip->protocol == IPPROTO_UDP && transport + sizeof(struct udphdr) <= end) {
        struct udphdr *udp = (void *)transport;
        if (udp->check) { /* 0: there is none, RFC 768 */
            udp->check = updated(udp->check, before, after);
            if (!udp->check)
                udp->check = 0xffff;
        }
    }
}

static int translate(uint8_t *packet, int length, uint32_t direction) {
    struct iphdr *ip = (void *)packet;
    if (length < 20 || ip->version != 4 || ip->ihl < 5 || ip->ihl * 4 > length)
        return NF_DROP;
    uint32_t *address = direction == INBOUND ? &ip->daddr : &ip->saddr;
    uint32_t before = *address;
    uint32_t after = find(direction == INBOUND ? &inbound : &outbound, before);
    if (!after)
        return NF_DROP;
    *address = after;
    ip->check = updated(ip->check, before, after);
    update_transport(ip, packet + length, before, after);
    return NF_ACCEPT;
}

static int on_packet(struct nfq_q_handle *queue, struct nfgenmsg *message, struct nfq_data *packet,
                     void *context) {
    struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(packet);
    unsigned char *payload;
    int length = nfq_get_payload(packet, &payload);
    (void)message, (void)context;
    if (!header)
        return 0;
    uint32_t id = ntohl(header->packet_id), direction = nfq_get_nfmark(packet);
    if (length < 0 || (direction != INBOUND && direction != OUTBOUND))
        return nfq_set_verdict(queue, id, NF_DROP, 0, NULL);
    int verdict = translate(payload, length, direction);
    if (verdict == NF_DROP)
        return nfq_set_verdict(queue, id, NF_DROP, 0, NULL);
    return nfq_set_verdict(queue, id, NF_ACCEPT, length, payload);
}

static int open_queue(struct nfq_handle *handle) {
    int file = nfq_fd(handle), yes = 1;
    struct nfq_q_handle *queue = nfq_create_queue(handle, QUEUE, on_packet, NULL);
    if (!queue || nfq_set_mode(queue, NFQNL_COPY_PACKET, COPY_RANGE) < 0 ||
        nfq_set_queue_maxlen(queue, QUEUE_LENGTH) < 0)
        die("queue");
    nfnl_rcvbufsiz(nfq_nfnlh(handle), SOCKET_BUFFER);
    if (setsockopt(file, SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes, sizeof yes))
        die("socket option");
    return file;
}

int main(int argc, char **argv) {
    static char buffer[COPY_RANGE + 4096] __attribute__((aligned));
    if (argc != 2) {
        fprintf(stderr, "nfq_c: the one argument is a table's file\n");
        return 2;
    }
    load(argv[1]);
    struct nfq_handle *handle = nfq_open();
    if (!handle)
        die("open");
    int file = open_queue(handle);
    for (;;) {
        ssize_t length = recv(file, buffer, sizeof buffer, 0);
        if (length > 0)
            nfq_handle_packet(handle, buffer, length);
        else if (errno != EINTR && errno != ENOBUFS)
            die("receive");
    }
}
