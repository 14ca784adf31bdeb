/* A stream of UDP datagrams that the kernel handles many at a time (UDP_SEGMENT, UDP_GRO).
 *
 *   udp_stream take ADDRESS PORT             counts what comes, until nothing has for half a second
 *   udp_stream send ADDRESS PORT SECONDS     sends as much as it can
 *
 * `take` prints "BYTES SECONDS", from the first datagrams to the last.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { DATAGRAM = 1448, AT_ONCE = 44, ROOM = 1 << 16 };

static void die(const char *what) {
    fprintf(stderr, "udp_stream: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void take(int udp) {
    static char room[ROOM];
    struct timeval patience = {.tv_sec = 30}, pause = {.tv_usec = 500000};
    int yes = 1, large = 1 << 22;
    double begin = 0, last = 0;
    long bytes = 0;
    if (setsockopt(udp, IPPROTO_UDP, UDP_GRO, &yes, sizeof yes) ||
        setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large) ||
        setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience))
        die("set up");
    for (ssize_t length; (length = recv(udp, room, sizeof room, 0)) >= 0;) {
        last = now();
        if (!bytes) {
            begin = last;
            setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
        }
        bytes += length;
    }
    printf("%ld %.6f\n", bytes, last - begin);
}

static void pour(int udp, double seconds) {
    static char data[DATAGRAM * AT_ONCE];
    int size = DATAGRAM;
    if (setsockopt(udp, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size))
        die("UDP_SEGMENT");
    for (double end = now() + seconds; now() < end;)
        if (send(udp, data, sizeof data, 0) < 0 && errno != ENOBUFS && errno != ECONNREFUSED)
            die("send");
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (udp < 0)
        die("socket");
    if (argc < 4 || !inet_aton(argv[2], &address.sin_addr)) {
        fprintf(stderr, "udp_stream: wrong arguments: see the top of udp_stream.c\n");
        return 2;
    }
    address.sin_port = htons(atoi(argv[3]));
    if (argc == 4 && !strcmp(argv[1], "take")) {
        if (bind(udp, (void *)&address, sizeof address))
            die("bind");
        take(udp);
    } else if (argc == 5 && !strcmp(argv[1], "send")) {
        if (connect(udp, (void *)&address, sizeof address))
            die("connect");
        pour(udp, atof(argv[4]));
    }
    return 0;
}
