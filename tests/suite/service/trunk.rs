//! A trunk: one SIP address behind which every number is a telephone of its own. Datagrams pass through it unread, but
//! for the number and the Call-ID; the telephone is started when its number is dialled for the first time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;

/// Starts the telephone of a number and says where it listens; `None` for a number that nobody has.
pub type Exchange = Box<dyn FnMut(&str) -> Option<SocketAddr> + Send>;

pub struct Trunk {
    pub at: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Trunk {
    pub async fn start(exchange: Exchange) -> Trunk {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        Trunk { at, task: tokio::spawn(carry(Arc::new(socket), exchange)) }
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Each call gets a socket of its own, so that what comes back to it is that call's.
async fn carry(trunk: Arc<UdpSocket>, mut exchange: Exchange) {
    let mut calls: HashMap<String, Arc<UdpSocket>> = HashMap::new();
    let mut back = JoinSet::new();
    let mut packet = vec![0; 65_535];
    loop {
        let Ok((length, from)) = trunk.recv_from(&mut packet).await else { continue };
        let text = String::from_utf8_lossy(&packet[..length]).into_owned();
        let Some(call) = header(&text, "Call-ID:") else { continue };
        if !calls.contains_key(call) {
            let number = text.strip_prefix("INVITE sip:").and_then(|rest| rest.split('@').next());
            let Some(telephone) = number.and_then(&mut exchange) else { continue };
            let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
            socket.connect(telephone).await.unwrap();
            back.spawn(bring_back(socket.clone(), trunk.clone(), from));
            calls.insert(call.to_owned(), socket);
        }
        if let Some(socket) = calls.get(call) {
            // The first sending may only tell that the one before it was refused, while the telephone was starting.
            if socket.send(&packet[..length]).await.is_err() {
                let _ = socket.send(&packet[..length]).await;
            }
        }
    }
}

async fn bring_back(call: Arc<UdpSocket>, trunk: Arc<UdpSocket>, to: SocketAddr) {
    let mut packet = vec![0; 65_535];
    loop {
        if let Ok(length) = call.recv(&mut packet).await {
            let _ = trunk.send_to(&packet[..length], to).await;
        }
    }
}

fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.get(..name.len()).is_some_and(|n| n == name))?;
    Some(line[name.len()..].trim())
}
