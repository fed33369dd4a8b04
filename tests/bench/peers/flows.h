/* What the C peers share: a pcap file read in large blocks, headers parsed to a key, a flow table that grows.
 *
 * Deliberately the least that does the work (Ethernet, IPv4, TCP and UDP; no tunnels, no reassembly, no expiry), so that
 * what is built on it marks a ceiling for programs that do more.
 */
#ifndef BENCH_FLOWS_H
#define BENCH_FLOWS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, LONGEST = 1 << 18, FILE_HEADER = 24, RECORD_HEADER = 16, ETHERNET = 14 };

typedef void (*on_frame)(void *state, uint64_t micros, const uint8_t *frame, uint32_t length);

typedef struct {
    uint32_t low, high; /* addresses, so ordered that both directions give the same key */
    uint16_t low_port, high_port;
    uint8_t protocol;
} flow_key;

typedef struct {
    flow_key key;
    uint64_t packets, bytes, last;
    void *more; /* what a peer keeps beside the counters */
} flow;

typedef struct {
    flow *slots;
    size_t capacity, used; /* capacity is a power of two */
} flow_table;

typedef struct {
    flow_key key;
    const uint8_t *ip;
    uint32_t ip_length;
} packet;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint32_t little32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static uint16_t big16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t big32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

/* Hands every record of a little-endian microsecond pcap file to `each`; returns how many there were. */
static uint64_t read_pcap(const char *path, on_frame each, void *state) {
    static uint8_t buffer[BLOCK + LONGEST];
    int file = open(path, O_RDONLY);
    if (file < 0) fail(path);
    if (read(file, buffer, FILE_HEADER) != FILE_HEADER || little32(buffer) != 0xa1b2c3d4) {
        fprintf(stderr, "%s: not a little-endian microsecond pcap file\n", path);
        exit(1);
    }
    uint64_t records = 0;
    size_t held = 0;
    ssize_t got;
    while ((got = read(file, buffer + held, sizeof buffer - held)) > 0) {
        held += (size_t)got;
        size_t at = 0;
        while (held - at >= RECORD_HEADER) {
            const uint8_t *record = buffer + at;
            uint32_t length = little32(record + 8);
            if (length > LONGEST - RECORD_HEADER) {
                fprintf(stderr, "%s: a record of %u bytes\n", path, length);
                exit(1);
            }
            if (held - at - RECORD_HEADER < length) break;
            each(state, little32(record) * 1000000ULL + little32(record + 4), record + RECORD_HEADER, length);
            at += RECORD_HEADER + length;
            records++;
        }
        memmove(buffer, buffer + at, held - at);
        held -= at;
    }
    if (got < 0) fail(path);
    close(file);
    return records;
}

/* Fills `out` from an Ethernet frame; 0 if it is not TCP or UDP over IPv4, or too short. */
static int parse(const uint8_t *frame, uint32_t length, packet *out) {
    if (length < ETHERNET + 20 || big16(frame + 12) != 0x0800 || frame[ETHERNET] >> 4 != 4) return 0;
    const uint8_t *ip = frame + ETHERNET;
    uint32_t header = (ip[0] & 15u) * 4;
    if (length < ETHERNET + header + 8 || (ip[9] != 6 && ip[9] != 17)) return 0;
    uint32_t source = big32(ip + 12), target = big32(ip + 16);
    uint16_t source_port = big16(ip + header), target_port = big16(ip + header + 2);
    int turned = source > target || (source == target && source_port > target_port);
    memset(&out->key, 0, sizeof out->key);
    out->key.low = turned ? target : source;
    out->key.high = turned ? source : target;
    out->key.low_port = turned ? target_port : source_port;
    out->key.high_port = turned ? source_port : target_port;
    out->key.protocol = ip[9];
    out->ip = ip;
    out->ip_length = length - ETHERNET;
    return 1;
}

static size_t slot_of(const flow_table *table, const flow_key *key) {
    uint64_t hash = ((uint64_t)key->low << 32 | key->high) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 29 ^ ((uint64_t)key->low_port << 24 | (uint64_t)key->high_port << 8 | key->protocol);
    hash *= 0xbf58476d1ce4e5b9ULL;
    size_t slot = (hash >> 32) & (table->capacity - 1);
    while (table->slots[slot].packets && memcmp(&table->slots[slot].key, key, sizeof *key))
        slot = (slot + 1) & (table->capacity - 1);
    return slot;
}

/* The flow of `key`, new if it was not there (then with no packets); valid until the next call. */
static flow *flow_of(flow_table *table, const flow_key *key) {
    if (table->used * 2 >= table->capacity) {
        flow_table larger = {NULL, table->capacity ? table->capacity * 2 : 1 << 12, table->used};
        larger.slots = calloc(larger.capacity, sizeof *larger.slots);
        if (!larger.slots) fail("flow table");
        for (size_t i = 0; i < table->capacity; i++)
            if (table->slots[i].packets) larger.slots[slot_of(&larger, &table->slots[i].key)] = table->slots[i];
        free(table->slots);
        *table = larger;
    }
    flow *found = &table->slots[slot_of(table, key)];
    if (!found->packets) {
        found->key = *key;
        table->used++;
    }
    return found;
}

#endif
