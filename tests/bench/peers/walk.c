/* The limits: `walk records FILE` only steps from record to record, `walk flows FILE` also parses the headers and keeps
 * a flow table with packets, bytes and the last time of each. No program that looks into packets can be faster.
 */
#include "flows.h"

static void count_bytes(void *state, uint64_t micros, const uint8_t *frame, uint32_t length) {
    (void)micros, (void)frame;
    *(uint64_t *)state += length;
}

static void count_flow(void *state, uint64_t micros, const uint8_t *frame, uint32_t length) {
    packet seen;
    if (!parse(frame, length, &seen)) return;
    flow *its = flow_of(state, &seen.key);
    its->packets++;
    its->bytes += length;
    its->last = micros;
}

int main(int count, char **words) {
    if (count == 3 && !strcmp(words[1], "records")) {
        uint64_t bytes = 0, records = read_pcap(words[2], count_bytes, &bytes);
        printf("%llu records, %llu bytes\n", (unsigned long long)records, (unsigned long long)bytes);
        return 0;
    }
    if (count == 3 && !strcmp(words[1], "flows")) {
        flow_table table = {NULL, 0, 0};
        uint64_t records = read_pcap(words[2], count_flow, &table);
        printf("%llu records, %zu flows\n", (unsigned long long)records, table.used);
        return 0;
    }
    fprintf(stderr, "usage: walk records|flows FILE\n");
    return 2;
}
