/* UDP round trips: how long they take.
 *
 *   pingpong serve ADDRESS PORT                          answers for ever
 *   pingpong ask ADDRESS PORT INTERVAL_US SECONDS        asks at an interval
 *
 * `ask` prints "ASKED ANSWERED P50_US P99_US". It asks the next one when the interval is over and the
 * last one is answered, or given up after a second.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
    fprintf(stderr, "pingpong: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_in address_of(const char *address, const char *port) {
    struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    if (!inet_aton(address, &found.sin_addr)) {
        fprintf(stderr, "pingpong: no address: %s\n", address);
        exit(2);
    }
    return found;
}

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void serve(int udp, const struct sockaddr_in *own) {
    char packet[2048];
    if (bind(udp, (const void *)own, sizeof *own))
        die("bind");
    for (;;) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(udp, packet, sizeof packet, 0, (void *)&from, &size);
        if (length >= 0)
            sendto(udp, packet, length, 0, (void *)&from, size);
    }
}

/* One round trip in µs, or -1 if it isn't answered. */
static double ask(int udp, uint32_t number) {
    uint32_t answer;
    double begin = now_us();
    if (send(udp, &number, sizeof number, 0) < 0)
        return -1;
    while (recv(udp, &answer, sizeof answer, 0) == sizeof answer)
        if (answer == number) /* else a late answer to an earlier one */
            return now_us() - begin;
    return -1;
}

static int ascending(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static void measure(int udp, double interval_us, double seconds) {
    struct timeval patience = {.tv_sec = 1};
    uint32_t asked = 0, answered = 0, room = seconds * 1e6 / interval_us + 2;
    double *trips = malloc(room * sizeof *trips);
    double begin = now_us();
    if (!trips || setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience))
        die("set up");
    prctl(PR_SET_TIMERSLACK, 1);
    while (now_us() - begin < seconds * 1e6 && asked < room) {
        double began = now_us(), trip = ask(udp, asked++);
        if (trip >= 0)
            trips[answered++] = trip;
        double rest_us = interval_us - (now_us() - began);
        if (rest_us > 0)
            usleep(rest_us);
    }
    qsort(trips, answered, sizeof *trips, ascending);
    if (answered)
        printf("%u %u %.2f %.2f\n", asked, answered, trips[answered / 2],
               trips[(uint32_t)(answered * 0.99)]);
    else
        printf("%u 0 0 0\n", asked);
}

int main(int argc, char **argv) {
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (udp < 0)
        die("socket");
    if (argc == 4 && !strcmp(argv[1], "serve")) {
        struct sockaddr_in own = address_of(argv[2], argv[3]);
        serve(udp, &own);
    }
    if (argc == 6 && !strcmp(argv[1], "ask")) {
        struct sockaddr_in there = address_of(argv[2], argv[3]);
        if (connect(udp, (void *)&there, sizeof there))
            die("connect");
        measure(udp, atof(argv[4]), atof(argv[5]));
        return 0;
    }
    fprintf(stderr, "pingpong: wrong arguments: see the top of pingpong.c\n");
    return 2;
}
