//! Small services of our own: one speaks OpenAI's request, one FunASR's WebSocket. They answer as they are told and keep what they saw.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::{Message, accept_hdr};

/// What a service does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An HTTP status and a body; over WebSocket the body alone, one message a line.
    Text(u16, String),
    /// The same, after which the connection is closed.
    TextAndClose(u16, String),
    /// The head and the beginning of a longer body.
    Half,
    /// Nothing, as long as the other end waits.
    Never,
    Close,
}

#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The connection's number.
    pub connection: usize,
    pub head: String,
    pub texts: Vec<String>,
    pub body: Vec<u8>,
}

pub struct Server {
    pub address: SocketAddr,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub fn openai(replies: &[Reply]) -> Server {
        Server::start(replies, openai)
    }

    pub fn funasr(replies: &[Reply]) -> Server {
        Server::start(replies, funasr)
    }

    /// The same behind TLS.
    pub fn funasr_tls(replies: &[Reply], tls: Arc<ServerConfig>) -> Server {
        Server::start(replies, move |stream, number, replies, seen| {
            let session = ServerConnection::new(tls.clone()).unwrap();
            funasr(StreamOwned::new(session, stream), number, replies, seen);
        })
    }

    fn start<S>(replies: &[Reply], serve: S) -> Server
    where
        S: Fn(TcpStream, usize, &Mutex<VecDeque<Reply>>, &Mutex<Vec<Seen>>) + Send + Sync + 'static,
    {
        let serve = Arc::new(serve);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            address: listener.local_addr().unwrap(),
            replies: Arc::new(Mutex::new(replies.iter().cloned().collect())),
            seen: Arc::default(),
        };
        let (replies, seen) = (server.replies.clone(), server.seen.clone());
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (replies, seen, serve) = (replies.clone(), seen.clone(), serve.clone());
                let Ok(stream) = stream else { return };
                thread::spawn(move || serve(stream, number, &replies, &seen));
            }
        });
        server
    }

    pub fn then(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn openai(
    mut stream: TcpStream,
    connection: usize,
    replies: &Mutex<VecDeque<Reply>>,
    seen: &Mutex<Vec<Seen>>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((head, body)) = request(&mut reader) {
        seen.lock().unwrap().push(Seen { connection, head, texts: Vec::new(), body });
        let reply = replies.lock().unwrap().pop_front().expect("a reply for every request");
        let answer = |status: u16, body: &str| {
            format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        let (text, last) = match &reply {
            Reply::Text(status, body) => (answer(*status, body), false),
            Reply::TextAndClose(status, body) => (answer(*status, body), true),
            Reply::Half => {
                ("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"text\":\"前".to_owned(), true)
            }
            Reply::Never => (String::new(), false),
            Reply::Close => (String::new(), true),
        };
        if stream.write_all(text.as_bytes()).is_err() || last {
            return;
        }
    }
}

/// The next request of a connection; none at its end.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn funasr(
    stream: impl Read + Write,
    connection: usize,
    replies: &Mutex<VecDeque<Reply>>,
    seen: &Mutex<Vec<Seen>>,
) {
    let mut saw = Seen { connection, ..Seen::default() };
    let mut reply = Reply::Close;
    let head = &mut saw.head;
    #[allow(clippy::result_large_err)]
    let greet = |request: &Request, response: Response| {
        *head = format!("{:?}", request.headers());
        reply = replies.lock().unwrap().pop_front().expect("a reply for every connection");
        match reply {
            Reply::Text(status, _) if status != 200 => {
                Err(Response::builder().status(status).body(None).unwrap())
            }
            _ => Ok(response),
        }
    };
    let Ok(mut socket) = accept_hdr(stream, greet) else { return };
    while !saw.texts.last().is_some_and(|text| text.contains("\"is_speaking\":false")) {
        match socket.read() {
            Ok(Message::Text(text)) => saw.texts.push(text.to_string()),
            Ok(Message::Binary(bytes)) => saw.body.extend_from_slice(&bytes),
            Ok(_) => {}
            Err(_) => return,
        }
    }
    seen.lock().unwrap().push(saw);
    if let Reply::Text(_, text) | Reply::TextAndClose(_, text) = &reply {
        for line in text.lines() {
            let _ = socket.send(Message::text(line));
        }
    }
    if matches!(reply, Reply::Close | Reply::TextAndClose(..)) {
        let _ = socket.close(None);
    }
    while socket.read().is_ok() {}
}
