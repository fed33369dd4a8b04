/* nDPI at its best for this question: only its BitTorrent dissector, in a hash table that grows with the flows.
 *
 * ndpiReader has no option for either: it runs every dissector and keeps its flows in 512 binary trees. Packets of a flow
 * go to the library until it says BitTorrent, or for as many as ndpiReader gives it: 80 of TCP, 24 of UDP.
 */
#include <ndpi_api.h>

#include "flows.h"

enum { MOST_TCP = 80, MOST_UDP = 24 };

typedef struct {
    struct ndpi_detection_module_struct *ndpi;
    flow_table table;
    uint64_t found;
} reader;

static void inspect(void *state, uint64_t micros, const uint8_t *frame, uint32_t length) {
    reader *self = state;
    packet seen;
    if (!parse(frame, length, &seen)) return;
    flow *its = flow_of(&self->table, &seen.key);
    if (!its->packets && !(its->more = ndpi_flow_malloc(sizeof(struct ndpi_flow_struct)))) fail("flow");
    if (!its->packets) memset(its->more, 0, sizeof(struct ndpi_flow_struct));
    its->packets++;
    its->bytes += length;
    its->last = micros;
    if (!its->more) return;
    ndpi_protocol is = ndpi_detection_process_packet(self->ndpi, its->more, seen.ip, (uint16_t)seen.ip_length, micros / 1000);
    int bittorrent = is.app_protocol == NDPI_PROTOCOL_BITTORRENT || is.master_protocol == NDPI_PROTOCOL_BITTORRENT;
    if (bittorrent || its->packets >= (seen.key.protocol == 6 ? MOST_TCP : MOST_UDP)) {
        self->found += bittorrent;
        ndpi_free_flow(its->more);
        its->more = NULL;
    }
}

int main(int count, char **words) {
    if (count != 2) {
        fprintf(stderr, "usage: ndpi_bittorrent FILE\n");
        return 2;
    }
    reader self = {ndpi_init_detection_module(ndpi_no_prefs), {NULL, 0, 0}, 0};
    NDPI_PROTOCOL_BITMASK only;
    NDPI_BITMASK_RESET(only);
    NDPI_BITMASK_ADD(only, NDPI_PROTOCOL_BITTORRENT);
    ndpi_set_protocol_detection_bitmask2(self.ndpi, &only);
    ndpi_finalize_initialization(self.ndpi);
    uint64_t records = read_pcap(words[1], inspect, &self);
    printf("%llu packets, %zu flows, %llu BitTorrent\n", (unsigned long long)records, self.table.used,
           (unsigned long long)self.found);
    return 0;
}
