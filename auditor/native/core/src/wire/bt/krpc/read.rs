//! The pass over the dict: which keys are wanted, of which type, and what makes a message of them.

use std::net::{IpAddr, SocketAddr};

use super::super::bencode::{List, Reader, Refused};
use super::super::compact::{address, endpoint};
use super::{Body, Krpc, Method, Query, Refusal, Reply, Want};

/// What was read of the dict, before it is known whether it makes a message.
#[derive(Default)]
pub(super) struct Top<'a> {
    transaction: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    method: Option<&'a [u8]>,
    arguments: Option<Arguments<'a>>,
    values: Option<Returned<'a>>,
    error: Option<List<'a>>,
    client: Option<&'a [u8]>,
    ip: Option<&'a [u8]>,
    read_only: Option<i64>,
}

impl<'a> Top<'a> {
    /// Takes the value of `key`.
    pub(super) fn read(&mut self, key: &[u8], reader: &mut Reader<'a>) -> Result<(), Refused> {
        match key {
            b"a" if self.arguments.is_none() && reader.rest().starts_with(b"d") => {
                let arguments = self.arguments.insert(Arguments::default());
                reader.dict(|key, reader| arguments.read(key, reader))
            }
            b"r" if self.values.is_none() && reader.rest().starts_with(b"d") => {
                let values = self.values.insert(Returned::default());
                reader.dict(|key, reader| values.read(key, reader))
            }
            b"t" => first(&mut self.transaction, reader.string_or_skip()?),
            b"y" => first(&mut self.kind, reader.string_or_skip()?),
            b"q" => first(&mut self.method, reader.string_or_skip()?),
            b"v" => first(&mut self.client, reader.string_or_skip()?),
            b"e" => first(&mut self.error, reader.value()?.as_list()),
            b"ip" => first(&mut self.ip, reader.string_or_skip()?),
            b"ro" => first(&mut self.read_only, reader.int_or_skip()?),
            _ => reader.skip(),
        }
    }

    /// The message, or what is missing in it.
    pub(super) fn message(self) -> Result<Krpc<'a>, &'static str> {
        let transaction = self.transaction.ok_or("a dict with a transaction id")?;
        let body = match self.kind {
            Some(b"q") => Body::Query(self.query().ok_or("a query with a method and a node id")?),
            Some(b"r") => Body::Reply(self.reply().ok_or("a reply with a node id")?),
            Some(b"e") => Body::Error(self.refusal().ok_or("an error with a code and a text")?),
            _ => return Err("a query, a reply or an error"),
        };
        Ok(Krpc { transaction, client: self.client, body })
    }

    fn query(&self) -> Option<Query<'a>> {
        let method = Method::named(self.method?);
        let arguments = self.arguments.as_ref()?;
        Some(Query {
            method,
            id: arguments.id?,
            target: arguments.target,
            infohash: arguments.infohash,
            port: arguments.port,
            implied_port: set(arguments.implied_port),
            token: arguments.token,
            seed: arguments.seed.map(|seed| seed != 0),
            no_seeds: set(arguments.no_seeds),
            scrape: set(arguments.scrape),
            want: arguments.want,
            read_only: set(self.read_only),
        })
    }

    fn reply(&self) -> Option<Reply<'a>> {
        let values = self.values.as_ref()?;
        let seen = self.ip.and_then(endpoint);
        let bare = || self.ip.and_then(address).or(values.ip);
        Some(Reply {
            id: values.id?,
            token: values.token,
            external_ip: seen.as_ref().map(SocketAddr::ip).or_else(bare),
            external_port: seen.as_ref().map(SocketAddr::port).or(values.port),
            seeds_filter: values.seeds_filter,
            peers_filter: values.peers_filter,
            values: values.peers,
            nodes: values.nodes,
            nodes6: values.nodes6,
            samples: values.samples,
        })
    }

    fn refusal(&self) -> Option<Refusal<'a>> {
        let mut entries = self.error?.iter();
        Some(Refusal { code: entries.next()?.as_int()?, text: entries.next()?.as_bytes()? })
    }
}

/// `a`, the arguments of a query.
#[derive(Default)]
struct Arguments<'a> {
    id: Option<&'a [u8; 20]>,
    target: Option<&'a [u8; 20]>,
    infohash: Option<&'a [u8; 20]>,
    port: Option<u16>,
    implied_port: Option<i64>,
    token: Option<&'a [u8]>,
    seed: Option<i64>,
    no_seeds: Option<i64>,
    scrape: Option<i64>,
    want: Option<Want>,
}

impl<'a> Arguments<'a> {
    fn read(&mut self, key: &[u8], reader: &mut Reader<'a>) -> Result<(), Refused> {
        match key {
            b"id" => first(&mut self.id, array(reader)?),
            b"info_hash" => first(&mut self.infohash, array(reader)?),
            b"target" => first(&mut self.target, array(reader)?),
            b"token" => first(&mut self.token, reader.string_or_skip()?),
            b"port" => first(&mut self.port, port(reader)?),
            b"implied_port" => first(&mut self.implied_port, reader.int_or_skip()?),
            b"seed" => first(&mut self.seed, reader.int_or_skip()?),
            b"noseed" => first(&mut self.no_seeds, reader.int_or_skip()?),
            b"scrape" => first(&mut self.scrape, reader.int_or_skip()?),
            b"want" => first(&mut self.want, reader.value()?.as_list().map(want)),
            _ => reader.skip(),
        }
    }
}

/// `r`, the values of a reply.
#[derive(Default)]
struct Returned<'a> {
    id: Option<&'a [u8; 20]>,
    token: Option<&'a [u8]>,
    ip: Option<IpAddr>,
    port: Option<u16>,
    peers: Option<List<'a>>,
    nodes: Option<&'a [u8]>,
    nodes6: Option<&'a [u8]>,
    samples: Option<&'a [u8]>,
    seeds_filter: Option<&'a [u8; 256]>,
    peers_filter: Option<&'a [u8; 256]>,
}

impl<'a> Returned<'a> {
    fn read(&mut self, key: &[u8], reader: &mut Reader<'a>) -> Result<(), Refused> {
        match key {
            b"id" => first(&mut self.id, array(reader)?),
            b"nodes" => first(&mut self.nodes, reader.string_or_skip()?),
            b"nodes6" => first(&mut self.nodes6, reader.string_or_skip()?),
            b"values" => first(&mut self.peers, reader.value()?.as_list()),
            b"token" => first(&mut self.token, reader.string_or_skip()?),
            b"p" => first(&mut self.port, port(reader)?),
            b"ip" => first(&mut self.ip, reader.string_or_skip()?.and_then(address)),
            b"samples" => first(&mut self.samples, reader.string_or_skip()?),
            b"BFsd" => first(&mut self.seeds_filter, array(reader)?),
            b"BFpe" => first(&mut self.peers_filter, array(reader)?),
            _ => reader.skip(),
        }
    }
}

/// Keeps the first that could be read.
#[inline]
#[expect(clippy::unnecessary_wraps, reason = "ends each arm that takes a value")]
fn first<T>(slot: &mut Option<T>, read: Option<T>) -> Result<(), Refused> {
    if slot.is_none() {
        *slot = read;
    }
    Ok(())
}

/// Takes one value; returns it if it is a string of `N` bytes.
#[inline]
fn array<'a, const N: usize>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8; N]>, Refused> {
    Ok(reader.string_or_skip()?.and_then(|string| string.try_into().ok()))
}

/// Takes one value; returns it if it is a port.
fn port(reader: &mut Reader<'_>) -> Result<Option<u16>, Refused> {
    Ok(reader.int_or_skip()?.and_then(|int| u16::try_from(int).ok()))
}

fn want(list: List<'_>) -> Want {
    list.iter().fold(Want::default(), |want, family| match family.as_bytes() {
        Some(b"n4") => Want { v4: true, ..want },
        Some(b"n6") => Want { v6: true, ..want },
        _ => want,
    })
}

/// Whether a flag is there and not 0.
fn set(flag: Option<i64>) -> bool {
    flag.is_some_and(|flag| flag != 0)
}
