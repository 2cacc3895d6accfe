//! `POST {base}/v1/audio/transcriptions`, the request of OpenAI's API that many recognisers answer
//! (<https://platform.openai.com/docs/api-reference/audio/createTranscription>): a form with a WAV file in it, JSON back.

use std::io::Cursor;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;

use super::service::Service;
use super::{Answer, RATE, RemoteError};
use crate::kernel::limits::REMOTE_ANSWER_BYTES_MAX;

/// The connection stays open between utterances where the service lets it.
#[derive(Default)]
pub struct OpenAi {
    kept: Option<SendRequest<Full<Bytes>>>,
}

#[derive(Deserialize)]
struct Transcription {
    text: String,
    /// Some servers of Whisper send them unasked.
    #[serde(default)]
    segments: Option<Vec<Segment>>,
}

#[derive(Deserialize)]
struct Segment {
    avg_logprob: Option<f32>,
}

impl OpenAi {
    /// `pcm` at [`RATE`].
    pub async fn ask(
        &mut self,
        service: &Service,
        pcm: &[i16],
        hint: &str,
    ) -> Result<Answer, RemoteError> {
        let request = request(service, pcm, hint)?;
        let response = self.send(service, request).await?;
        if !response.status().is_success() {
            return Err(RemoteError::Status(response.status().as_u16()));
        }
        let body = Limited::new(response.into_body(), REMOTE_ANSWER_BYTES_MAX).collect().await;
        let body =
            body.map_err(|_| RemoteError::Broken("its answer ended early or is too long"))?;
        let answer: Transcription = serde_json::from_slice(&body.to_bytes())
            .map_err(|_| RemoteError::Answer("no JSON object with a text in it"))?;
        let segments = answer.segments.unwrap_or_default();
        let sure: Vec<f32> = segments.iter().filter_map(|segment| segment.avg_logprob).collect();
        let logprob = (!sure.is_empty()).then(|| sure.iter().sum::<f32>() / sure.len() as f32);
        Ok(Answer { text: answer.text, logprob })
    }

    async fn send(
        &mut self,
        service: &Service,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, RemoteError> {
        if let Some(mut kept) = self.kept.take()
            && kept.ready().await.is_ok()
            && let Ok(response) = kept.send_request(request.clone()).await
        {
            self.kept = Some(kept);
            return Ok(response);
        }
        // The service may have closed the old connection at any time: a new one says whether it is there.
        let stream = TokioIo::new(service.connect().await?);
        let broken = |_| {
            RemoteError::Broken("it closed the connection without an answer, or speaks no HTTP/1.1")
        };
        let (mut sender, connection) = handshake(stream).await.map_err(broken)?;
        // Ends when the sender is dropped.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let response = sender.send_request(request).await.map_err(broken)?;
        self.kept = Some(sender);
        Ok(response)
    }
}

fn request(
    service: &Service,
    pcm: &[i16],
    hint: &str,
) -> Result<Request<Full<Bytes>>, RemoteError> {
    let settings = &service.settings;
    let boundary = boundary()?;
    let mut fields = vec![
        ("model", settings.model.as_str()),
        ("language", "zh"),
        ("response_format", "json"),
        ("temperature", "0"),
    ];
    if !hint.is_empty() {
        fields.push(("prompt", hint));
    }
    let body = form(&boundary, &fields, &wav(pcm)?);
    let base = settings.endpoint.path.trim_end_matches("/v1");
    let mut request = Request::post(format!("{base}/v1/audio/transcriptions"))
        .header(HOST, settings.endpoint.authority())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"));
    if let Some(authorization) = &service.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request
        .body(Full::new(body.into()))
        .map_err(|_| RemoteError::Setting("recogniser.url", "its path is none of HTTP".into()))
}

/// Random, so that no field can hold it.
fn boundary() -> Result<String, RemoteError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| RemoteError::Broken("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A form of fields and the sound (RFC 7578).
fn form(boundary: &str, fields: &[(&str, &str)], wav: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(wav.len() + 1024);
    for (name, value) in fields {
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"utterance.wav\"\r\nContent-Type: audio/wav";
    body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
    body.extend_from_slice(wav);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

fn wav(pcm: &[i16]) -> Result<Vec<u8>, RemoteError> {
    let mut file = Cursor::new(Vec::with_capacity(2 * pcm.len() + 64));
    write_wav(&mut file, pcm)
        .map_err(|_| RemoteError::Broken("the sound cannot be written as WAV"))?;
    Ok(file.into_inner())
}

fn write_wav(file: &mut Cursor<Vec<u8>>, pcm: &[i16]) -> hound::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(file, spec)?;
    pcm.iter().try_for_each(|sample| writer.write_sample(*sample))?;
    writer.finalize()
}
