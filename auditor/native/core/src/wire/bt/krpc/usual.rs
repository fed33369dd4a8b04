//! The short way: messages as nearly all clients write them, with their keys in order and nothing rare among them.
//!
//! It expects each key with the length of its value as one piece of text, and so is done in a third of the time. Whatever
//! is another way is `None`, and read by the pass that takes keys in any order.

use std::net::SocketAddr;

use super::super::bencode::Reader;
use super::super::compact::{address, endpoint};
use super::{Body, Krpc, Method, Query, Reply};

/// Reads one whole datagram, if it is a usual query or reply.
pub(super) fn read(datagram: &[u8]) -> Option<Krpc<'_>> {
    let mut reader = Reader::inside(datagram, 2);
    let (body, end) = if reader.tag(b"d1:ad2:id20:") {
        (Body::Query(query(&mut reader)?), b"1:y1:qe")
    } else {
        let mut ip = None;
        if reader.tag(b"d2:ip") {
            ip = Some(reader.string().ok()?);
        } else if !reader.tag(b"d") {
            return None;
        }
        if !reader.tag(b"1:rd2:id20:") {
            return None;
        }
        (Body::Reply(reply(&mut reader, ip)?), b"1:y1:re")
    };
    let transaction = reader.tag(b"1:t").then(|| reader.string().ok())??;
    let client = if reader.tag(b"1:v") { Some(reader.string().ok()?) } else { None };
    (reader.tag(end) && reader.rest().is_empty()).then_some(Krpc { transaction, client, body })
}

/// The arguments of a query, from the bytes of its `id` on, and its method.
fn query<'a>(reader: &mut Reader<'a>) -> Option<Query<'a>> {
    let id = reader.array()?;
    let infohash = if reader.tag(b"9:info_hash20:") { Some(reader.array()?) } else { None };
    let target = if reader.tag(b"6:target20:") { Some(reader.array()?) } else { None };
    let method = Method::named(reader.tag(b"e1:q").then(|| reader.string().ok())??);
    Some(Query {
        method,
        id,
        target,
        infohash,
        port: None,
        implied_port: false,
        token: None,
        seed: None,
        no_seeds: false,
        scrape: false,
        want: None,
        read_only: reader.tag(b"2:roi1e"),
    })
}

/// The values of a reply, from the bytes of its `id` on; `ip` stood before them.
fn reply<'a>(reader: &mut Reader<'a>, ip: Option<&'a [u8]>) -> Option<Reply<'a>> {
    let id = reader.array()?;
    let nodes = if reader.tag(b"5:nodes") { Some(reader.string().ok()?) } else { None };
    let nodes6 = if reader.tag(b"6:nodes6") { Some(reader.string().ok()?) } else { None };
    let port = if reader.tag(b"1:p") { Some(u16::try_from(reader.int_or_skip().ok()??).ok()?) } else { None };
    let token = if reader.tag(b"5:token") { Some(reader.string().ok()?) } else { None };
    let values = if reader.tag(b"6:values") { Some(reader.value().ok()?.as_list()?) } else { None };
    let seen = ip.and_then(endpoint);
    reader.tag(b"e").then_some(Reply {
        id,
        token,
        external_ip: seen.as_ref().map(SocketAddr::ip).or_else(|| ip.and_then(address)),
        external_port: seen.as_ref().map(SocketAddr::port).or(port),
        seeds_filter: None,
        peers_filter: None,
        values,
        nodes,
        nodes6,
        samples: None,
    })
}
