//! Takes everything off a socket at once, with the moment at which the system received each datagram: a leg's task is woken by
//! its own rhythm alone and not by every packet, and still knows when each came.

use std::cell::RefCell;
use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, SockaddrIn6, SockaddrLike, recvmmsg,
    setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;

/// Larger than any packet that is accepted; what is longer arrives cut and is refused for its size.
const DATAGRAM_BYTES: usize = 2_048;
/// Taken in one go: a frame brings one or two.
const AT_ONCE: usize = 8;
/// An age beyond this comes of a clock that was set meanwhile.
const OLDEST: Duration = Duration::from_secs(2);

/// Has the system note when each datagram comes.
pub fn prepare(socket: &UdpSocket) -> std::io::Result<()> {
    socket.set_nonblocking(true)?;
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    Ok(())
}

/// What a thread needs for it; all its legs share it. The address family of a socket decides how long addresses are, and the
/// system writes that down in the headers.
struct Net {
    v4: MultiHeaders<SockaddrIn>,
    v6: MultiHeaders<SockaddrIn6>,
    buffers: Box<[[u8; DATAGRAM_BYTES]; AT_ONCE]>,
}

thread_local! {
    static NET: RefCell<Net> = RefCell::new(Net {
        v4: MultiHeaders::preallocate(AT_ONCE, Some(cmsg_space!(TimeSpec))),
        v6: MultiHeaders::preallocate(AT_ONCE, Some(cmsg_space!(TimeSpec))),
        buffers: Box::new([[0; DATAGRAM_BYTES]; AT_ONCE]),
    });
}

/// Hands over every datagram that waits, at most about `most`: its sender, its age and its bytes. `v4`: the socket's family.
pub fn catch(
    socket: &UdpSocket,
    v4: bool,
    most: usize,
    mut take: impl FnMut(SocketAddr, Duration, &[u8]),
) {
    NET.with_borrow_mut(|net| {
        let mut left = most;
        while left > 0 {
            let caught = match v4 {
                true => haul(socket, &mut net.v4, &mut net.buffers, &mut take),
                false => haul(socket, &mut net.v6, &mut net.buffers, &mut take),
            };
            match caught {
                Ok(AT_ONCE) => left = left.saturating_sub(AT_ONCE),
                // An ICMP error of an earlier send surfaces here once, instead of a datagram.
                Err(Errno::ECONNREFUSED | Errno::EHOSTUNREACH | Errno::EINTR) => left -= 1,
                Ok(_) | Err(_) => return,
            }
        }
    });
}

fn haul<A>(
    socket: &UdpSocket,
    headers: &mut MultiHeaders<A>,
    buffers: &mut [[u8; DATAGRAM_BYTES]; AT_ONCE],
    take: &mut impl FnMut(SocketAddr, Duration, &[u8]),
) -> Result<usize, Errno>
where
    A: SockaddrLike + Copy + Into<SocketAddr>,
{
    let mut slices = buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
    let results =
        recvmmsg(socket.as_raw_fd(), headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None)?;
    let mut count = 0;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for message in results {
        count += 1;
        let came = message.cmsgs().ok().and_then(|mut all| {
            all.find_map(|control| match control {
                ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
                _ => None,
            })
        });
        let age = came.map_or(Duration::ZERO, |came| now.saturating_sub(came));
        let age = if age > OLDEST { Duration::ZERO } else { age };
        if let (Some(from), Some(datagram)) = (message.address, message.iovs().next()) {
            take(from.into(), age, datagram);
        }
    }
    Ok(count)
}
