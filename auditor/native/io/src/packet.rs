//! Calls to the system that packet sockets of all kinds need, packet(7) and netdevice(7).
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use libc::{c_int, c_void, socklen_t};

use crate::bpf::Instruction;
use crate::live::LiveError;

/// A packet socket that receives nothing before it is bound.
pub(crate) fn socket(kind: c_int) -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed.
    let descriptor = checked(unsafe { libc::socket(libc::AF_PACKET, kind | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: the descriptor is new, open, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Has a packet socket receive from an interface; says which hardware type (`ARPHRD_…`) that is of.
pub(crate) fn bind(descriptor: &OwnedFd, index: c_int) -> io::Result<u16> {
    bind_as(descriptor, index, libc::ETH_P_ALL)
}

/// Has a packet socket send to an interface and receive nothing.
pub(crate) fn bind_to_send(descriptor: &OwnedFd, index: c_int) -> io::Result<u16> {
    bind_as(descriptor, index, 0)
}

fn bind_as(descriptor: &OwnedFd, index: c_int, protocol: c_int) -> io::Result<u16> {
    // SAFETY: zeros are a valid address.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
    address.sll_protocol = u16::try_from(protocol).unwrap_or_default().to_be();
    address.sll_ifindex = index;
    let mut length = length_of::<libc::sockaddr_ll>();
    let raw = descriptor.as_raw_fd();
    // SAFETY: `address` is as long as said.
    checked(unsafe { libc::bind(raw, (&raw const address).cast(), length) })?;
    // SAFETY: `address` has room for `length` bytes.
    checked(unsafe { libc::getsockname(raw, (&raw mut address).cast(), &raw mut length) })?;
    Ok(address.sll_hatype)
}

/// Has an interface deliver what is not meant for it, as long as the socket lives.
pub(crate) fn make_promiscuous(descriptor: &OwnedFd, index: c_int) -> io::Result<()> {
    let kind = u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or_default();
    let request = libc::packet_mreq { mr_ifindex: index, mr_type: kind, mr_alen: 0, mr_address: [0; 8] };
    set(descriptor, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
}

/// The number of the interface of that name.
pub(crate) fn index(interface: &str) -> Result<c_int, LiveError> {
    let unknown = || LiveError::NoInterface(interface.to_owned());
    let name = CString::new(interface).map_err(|_| unknown())?;
    // SAFETY: `name` is a C string that outlives the call.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    c_int::try_from(index).ok().filter(|index| *index > 0).ok_or_else(unknown)
}

/// Whether the interface is up.
pub(crate) fn is_up(descriptor: &impl AsFd, interface: &str) -> io::Result<bool> {
    let mut request = request(interface);
    control(descriptor, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: the call has filled in the flags.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    Ok(c_int::from(flags) & libc::IFF_UP != 0)
}

/// The longest packet that the interface takes.
pub(crate) fn mtu(descriptor: &impl AsFd, interface: &str) -> io::Result<usize> {
    let mut request = request(interface);
    control(descriptor, libc::SIOCGIFMTU, &mut request)?;
    // SAFETY: the call has filled in the number.
    Ok(usize::try_from(unsafe { request.ifr_ifru.ifru_mtu }).unwrap_or_default())
}

/// Has the card stamp all frames itself.
pub(crate) fn stamp_in_hardware(descriptor: &OwnedFd, interface: &str) -> io::Result<()> {
    let filter = c_int::try_from(libc::HWTSTAMP_FILTER_ALL).unwrap_or_default();
    let mut config = libc::hwtstamp_config { flags: 0, tx_type: 0, rx_filter: filter };
    let mut request = request(interface);
    request.ifr_ifru.ifru_data = (&raw mut config).cast();
    if let Err(error) = control(descriptor, libc::SIOCSHWTSTAMP, &mut request) {
        // Turning it on takes CAP_NET_ADMIN; somebody may have done so before.
        control(descriptor, libc::SIOCGHWTSTAMP, &mut request).map_err(|_| io::ErrorKind::Unsupported)?;
        if config.rx_filter != filter {
            return Err(error);
        }
    }
    let kind = c_int::try_from(libc::SOF_TIMESTAMPING_RAW_HARDWARE).unwrap_or_default();
    set(descriptor, libc::SOL_PACKET, libc::PACKET_TIMESTAMP, &kind)
}

/// A request about an interface. A name that is too long for one is cut, and no interface has it.
fn request(interface: &str) -> libc::ifreq {
    // SAFETY: zeros are a valid request.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes().take(room)) {
        #[allow(clippy::cast_possible_wrap, reason = "characters are signed on some machines")]
        (*to = from as libc::c_char);
    }
    request
}

fn control(descriptor: &impl AsFd, what: libc::Ioctl, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: `request` is what these calls take, and what it points to lives.
    checked(unsafe { libc::ioctl(descriptor.as_fd().as_raw_fd(), what, ptr::from_mut(request)) }).map(|_| ())
}

/// Waits until one of the descriptors has something to read, a signal comes, or the time is over. Says which have an error.
pub(crate) fn poll(descriptors: &[RawFd], timeout: Duration) -> io::Result<Vec<usize>> {
    let entry = |fd: &RawFd| libc::pollfd { fd: *fd, events: libc::POLLIN, revents: 0 };
    let mut entries: Vec<_> = descriptors.iter().map(entry).collect();
    let milliseconds = c_int::try_from(timeout.as_millis().max(1)).unwrap_or(c_int::MAX);
    let count = libc::nfds_t::try_from(entries.len()).unwrap_or_default();
    // SAFETY: `entries` has `count` valid ones.
    checked(unsafe { libc::poll(entries.as_mut_ptr(), count, milliseconds) })?;
    let told = entries.iter().enumerate().filter(|(_, entry)| entry.revents & libc::POLLERR != 0);
    Ok(told.map(|(index, _)| index).collect())
}

/// Sets an option of a socket.
pub(crate) fn set<T>(descriptor: &OwnedFd, level: c_int, name: c_int, value: &T) -> io::Result<()> {
    let value: *const c_void = ptr::from_ref(value).cast();
    // SAFETY: `value` points to as many bytes as `T` has.
    checked(unsafe { libc::setsockopt(descriptor.as_raw_fd(), level, name, value, length_of::<T>()) })
        .map(|_| ())
}

/// Sets an option of a socket that is a program. It was checked; the kernel checks it again.
pub(crate) fn set_program(
    descriptor: &OwnedFd,
    level: c_int,
    name: c_int,
    program: &[Instruction],
) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // The kernel only reads it. An instruction of ours is laid out as one of its.
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut().cast() };
    set(descriptor, level, name, &program)
}

/// Reads an option of a socket. `T` is plain numbers.
pub(crate) fn option<T: Copy>(descriptor: &OwnedFd, level: c_int, name: c_int, start: T) -> io::Result<T> {
    let mut value = start;
    let mut length = length_of::<T>();
    let target = (&raw mut value).cast();
    // SAFETY: `target` has room for the `length` bytes that `T` has.
    checked(unsafe { libc::getsockopt(descriptor.as_raw_fd(), level, name, target, &raw mut length) })?;
    Ok(value)
}

pub(crate) fn checked(status: c_int) -> io::Result<c_int> {
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(status) }
}

pub(crate) fn length_of<T>() -> socklen_t {
    socklen_t::try_from(mem::size_of::<T>()).unwrap_or_default()
}

/// What a refusal of the system means to whoever wants to capture.
pub(crate) fn refusal(error: io::Error) -> LiveError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => LiveError::NoPermission,
        _ => LiveError::Io(error),
    }
}
