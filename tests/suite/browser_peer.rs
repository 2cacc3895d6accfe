//! The other end of a browser's leg, written with the same parts and none of our code that is under test: it checks the way,
//! shakes hands as the server, and protects and reads packets.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;

use dtls::config::{ClientAuthType, Config, ExtendedMasterSecretType};
use dtls::conn::DTLSConn;
use dtls::crypto::Certificate;
use dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use flate2::Crc;
use hmac::{Hmac, KeyInit, Mac};
use huiyin::media::srtp::{Inbound, MasterKey, Outbound, Suite};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tokio::net::UdpSocket;
use webrtc_util::KeyingMaterialExporter;

pub const FRAGMENT: &str = "them";
pub const PRIORITY: (u16, &[u8]) = (0x0024, &[0x6e, 0, 1, 0xff]);
pub const CONTROLLING: (u16, &[u8]) = (0x802a, &[1; 8]);
pub const CONTROLLED: (u16, &[u8]) = (0x8029, &[1; 8]);
pub const USE: (u16, &[u8]) = (0x0025, &[]);

fn put(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

fn set_length(message: &mut [u8], more: usize) {
    let length = (message.len() - 20 + more) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
}

/// A check as a browser writes it.
pub fn check(name: &str, key: &str, more: &[(u16, &[u8])]) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend(0..12);
    put(&mut message, 0x0006, name.as_bytes());
    for (kind, value) in more {
        put(&mut message, *kind, value);
    }
    set_length(&mut message, 24);
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(&message);
    put(&mut message, 0x0008, &mac.finalize().into_bytes());
    set_length(&mut message, 8);
    let mut crc = Crc::new();
    crc.update(&message);
    put(&mut message, 0x8028, &(crc.sum() ^ 0x5354_554e).to_be_bytes());
    message
}

/// The value of an attribute in a description.
pub fn attribute<'a>(text: &'a str, name: &str) -> &'a str {
    let begin = format!("a={name}:");
    text.lines().find_map(|line| line.strip_prefix(&begin)).unwrap().trim()
}

pub struct Peer {
    pub socket: Arc<UdpSocket>,
    certificate: Certificate,
}

impl Peer {
    pub async fn new() -> Peer {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let certificate = Certificate::generate_self_signed(vec!["peer".to_owned()]).unwrap();
        Peer { socket, certificate }
    }

    pub fn offer(&self) -> String {
        let digest = Sha256::digest(self.certificate.certificate[0].as_ref());
        let print: Vec<String> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
        format!(
            "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8 126\r\nc=IN IP4 0.0.0.0\r\n\
             a=ice-ufrag:{FRAGMENT}\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 {}\r\na=setup:actpass\r\n\
             a=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:126 telephone-event/8000\r\n",
            print.join(":")
        )
    }

    /// Finds the way that the answer names.
    pub async fn find(&self, answer: &str) -> Vec<u8> {
        let port = answer.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
        let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
        self.socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await.unwrap();
        let name = format!("{}:{FRAGMENT}", attribute(answer, "ice-ufrag"));
        let check = check(&name, attribute(answer, "ice-pwd"), &[PRIORITY, CONTROLLING, USE]);
        self.socket.send(&check).await.unwrap();
        check
    }

    /// Shakes hands with who found us; what protects and what reads from then on.
    pub async fn shake(&self) -> Result<(Outbound, Inbound, DTLSConn), dtls::Error> {
        let profile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80;
        let config = Config {
            certificates: vec![self.certificate.clone()],
            srtp_protection_profiles: vec![profile],
            client_auth: ClientAuthType::RequireAnyClientCert,
            extended_master_secret: ExtendedMasterSecretType::Require,
            insecure_skip_verify: true,
            ..Config::default()
        };
        let conn = DTLSConn::new(self.socket.clone(), config, false, None).await?;
        let state = conn.connection_state().await;
        let material = state.export_keying_material("EXTRACTOR-dtls_srtp", &[], 60).await.unwrap();
        let master = |key: usize, salt: usize| {
            let parts = [&material[key..key + 16], &material[salt..salt + 14]].concat();
            MasterKey::new(parts.try_into().unwrap())
        };
        let suite = Suite::AesCm128HmacSha1Tag80;
        let ours = Outbound::new(suite, &master(16, 46)).unwrap();
        Ok((ours, Inbound::new(suite, master(0, 32)), conn))
    }
}
