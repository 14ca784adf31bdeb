/* Sends small UDP packets as fast as it can, or at a rate, and says how many it sent; with -S they are
 * TCP's first packets instead, without payload, and with -F later fragments of UDP.
 *
 *   flood -i INTERFACE -m NEXT_HOP_MAC -d FIRST_DESTINATION/COUNT [-f FLOWS] [-r PACKETS_A_SECOND]
 *         [-t SECONDS] [-l PAYLOAD] [-s SOURCE] [-S | -F]
 *
 * Frames go out by a packet socket past routing and queueing, so that what is measured is the gateway
 * and not this sender. Every packet is valid, checksums included. The order of destinations and flows
 * is random, and made before the first packet leaves; every one of them comes up equally often.
 * Flow N comes from the one source and port 1024 + N / 200, or from address 198.51.100.(20 + N % 200) and port 1024 + N / 200: addresses differ too,
 * because the kernel spreads packets over several queues by addresses alone.
 * Prints "SENT SECONDS PROCESSOR_SECONDS": what the kernel does with a packet up to the first queue is
 * done in the sender's time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, PAYLOAD_MAX = 1400, ADDRESSES = 200, DISCARD = 9 };
#define FIRST_SOURCE 0xc6336414u /* 198.51.100.20 */

struct __attribute__((packed)) frame {
    struct ether_header ethernet;
    struct iphdr ip;
    union {
        struct {
            struct udphdr udp;
            uint8_t payload[PAYLOAD_MAX];
        };
        struct tcphdr tcp;
    };
};

struct target { /* in host order */
    uint32_t destination, source;
    uint16_t port;
};

struct options {
    const char *interface;
    uint8_t next_hop[6];
    uint32_t first, count, flows, source; /* a source of 0: many */
    double rate, seconds; /* a rate of 0: no limit */
    int payload, syn, fragments;
};

static void die(const char *what) {
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void usage(void) {
    fprintf(stderr, "flood: wrong arguments: see the top of flood.c\n");
    exit(2);
}

static void parse_mac(const char *text, uint8_t *mac) {
    if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4,
               mac + 5) != 6)
        usage();
}

static uint32_t parse_address(const char *text) {
    struct in_addr address;
    if (!inet_aton(text, &address))
        usage();
    return ntohl(address.s_addr);
}

static void parse_destination(char *text, struct options *options) {
    char *slash = strchr(text, '/');
    if (!slash)
        usage();
    *slash = 0;
    options->count = strtoul(slash + 1, NULL, 10);
    if (!options->count)
        usage();
    options->first = parse_address(text);
}

static struct options parse(int argc, char **argv) {
    struct options options = {.flows = 1, .seconds = 1, .payload = 18};
    int option;
    while ((option = getopt(argc, argv, "i:m:d:s:f:r:t:l:SF")) != -1) {
        switch (option) {
        case 'i': options.interface = optarg; break;
        case 'm': parse_mac(optarg, options.next_hop); break;
        case 'd': parse_destination(optarg, &options); break;
        case 's': options.source = parse_address(optarg); break;
        case 'f': options.flows = strtoul(optarg, NULL, 10); break;
        case 'r': options.rate = strtod(optarg, NULL); break;
        case 't': options.seconds = strtod(optarg, NULL); break;
        case 'l': options.payload = atoi(optarg); break;
        case 'S': options.syn = 1; break;
        case 'F': options.fragments = 1; break;
        default: usage();
        }
    }
    if (!options.interface || !options.count || !options.flows || options.payload < 0 ||
        options.payload > PAYLOAD_MAX)
        usage();
    return options;
}

static uint32_t next_random(void) { /* xorshift: the same order in each run */
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

static void shuffle(uint32_t *numbers, uint32_t length) {
    for (uint32_t i = length - 1; i > 0; i--) {
        uint32_t other = next_random() % (i + 1), kept = numbers[i];
        numbers[i] = numbers[other];
        numbers[other] = kept;
    }
}

/* `length` numbers below `count`, each equally often, in a random order. */
static uint32_t *spread(uint32_t count, uint32_t length) {
    uint32_t *numbers = malloc(length * sizeof *numbers);
    if (!numbers)
        die("memory");
    for (uint32_t i = 0; i < length; i++)
        numbers[i] = i % count;
    shuffle(numbers, length);
    return numbers;
}

static struct target *targets_of(const struct options *options, uint32_t *length) {
    *length = options->count > options->flows ? options->count : options->flows;
    uint32_t *destinations = spread(options->count, *length);
    uint32_t *flows = spread(options->flows, *length);
    struct target *targets = malloc(*length * sizeof *targets);
    if (!targets)
        die("memory");
    for (uint32_t i = 0; i < *length; i++) {
        targets[i].destination = options->first + destinations[i];
        targets[i].source = options->source ? options->source : FIRST_SOURCE + flows[i] % ADDRESSES;
        targets[i].port = 1024 + flows[i] / ADDRESSES;
    }
    free(destinations);
    free(flows);
    return targets;
}

static uint32_t sum_of(const void *bytes, int length) { /* in host order, not folded */
    const uint8_t *byte = bytes;
    uint32_t sum = 0;
    for (int i = 0; i < length; i++)
        sum += i & 1 ? byte[i] : byte[i] << 8;
    return sum;
}

static uint16_t checksum(uint32_t sum) {
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons(~sum);
}

static struct frame template_of(const struct options *options, const uint8_t *own_mac) {
    struct frame frame = {
        .ethernet.ether_type = htons(ETHERTYPE_IP),
        .ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP},
        .udp = {.uh_dport = htons(DISCARD), .uh_ulen = htons(8 + options->payload)},
    };
    if (options->fragments)
        frame.ip.frag_off = htons(100); /* in units of 8 bytes */
    memcpy(frame.ethernet.ether_dhost, options->next_hop, 6);
    memcpy(frame.ethernet.ether_shost, own_mac, 6);
    if (options->syn) {
        frame.ip.protocol = IPPROTO_TCP;
        frame.ip.tot_len = htons(40);
        frame.tcp = (struct tcphdr){.dest = htons(DISCARD), .doff = 5, .syn = 1, .window = 0xffff};
        return frame;
    }
    frame.ip.tot_len = htons(28 + options->payload);
    for (int i = 0; i < options->payload; i++)
        frame.payload[i] = 'a' + i % 26;
    return frame;
}

static uint32_t halves(uint32_t address) { return (address >> 16) + (address & 0xffff); }

struct sums { /* of what is the same in each packet */
    uint32_t ip, transport;
};

static struct sums sums_of(const struct frame *frame) {
    int length = ntohs(frame->ip.tot_len) - 20;
    return (struct sums){
        .ip = sum_of(&frame->ip, 20),
        .transport = sum_of(&frame->udp, length) + frame->ip.protocol + length,
    };
}

static void aim(struct frame *frame, const struct target *target, const struct sums *sums) {
    uint32_t addresses = halves(target->source) + halves(target->destination);
    uint16_t transport = checksum(sums->transport + addresses + target->port);
    frame->ip.saddr = htonl(target->source);
    frame->ip.daddr = htonl(target->destination);
    frame->ip.check = checksum(sums->ip + addresses);
    frame->udp.uh_sport = htons(target->port); /* where TCP's is, too */
    if (frame->ip.protocol == IPPROTO_TCP)
        frame->tcp.check = transport;
    else
        frame->udp.uh_sum = transport ? transport : 0xffff; /* 0: there is none (RFC 768) */
}

static int open_socket(const char *interface, uint8_t *own_mac) {
    int packets = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: receives nothing */
    struct sockaddr_ll link = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(interface)};
    socklen_t length = sizeof link;
    int yes = 1;
    if (packets < 0 || !link.sll_ifindex || bind(packets, (void *)&link, sizeof link) ||
        getsockname(packets, (void *)&link, &length) ||
        setsockopt(packets, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes))
        die(interface);
    memcpy(own_mac, link.sll_addr, 6);
    return packets;
}

static double seconds_of(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

/* How many to send now; sleeps for a moment if none is due. */
static int due(const struct options *options, double elapsed, long sent) {
    if (options->rate <= 0)
        return BATCH;
    double behind = elapsed * options->rate - sent;
    if (behind < 1) {
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        return 0;
    }
    return behind < BATCH ? (int)behind : BATCH;
}

int main(int argc, char **argv) {
    static struct frame frames[BATCH];
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    struct options options = parse(argc, argv);
    uint8_t own_mac[6];
    uint32_t length, next = 0;
    struct target *targets = targets_of(&options, &length);
    int packets = open_socket(options.interface, own_mac);
    struct frame template = template_of(&options, own_mac);
    struct sums sums = sums_of(&template);
    for (int i = 0; i < BATCH; i++) {
        frames[i] = template;
        parts[i].iov_base = &frames[i];
        parts[i].iov_len = offsetof(struct frame, udp) + ntohs(template.ip.tot_len) - 20;
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    prctl(PR_SET_TIMERSLACK, 1); /* a sleep of 50 µs is to be one */
    double begin = now(), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID), elapsed;
    long sent = 0;
    while ((elapsed = now() - begin) < options.seconds) {
        int batch = due(&options, elapsed, sent);
        for (int i = 0; i < batch; i++) {
            aim(&frames[i], &targets[next], &sums);
            next = next + 1 < length ? next + 1 : 0;
        }
        for (int done = 0; done < batch;) {
            int more = sendmmsg(packets, messages + done, batch - done, 0);
            if (more < 0 && errno != ENOBUFS && errno != EINTR)
                die("send");
            done += more > 0 ? more : 1; /* ENOBUFS: the kernel had no room for one: it is lost */
        }
        sent += batch;
    }
    used = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
    printf("%ld %.6f %.6f\n", sent, elapsed, used);
    return 0;
}
