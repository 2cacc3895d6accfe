//! ONNX Runtime, loaded from the library that the installer brings. A process has one environment; it is made on first use.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;

use crate::speech::SpeechError;

static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The process's environment. The first caller's library is the one that is loaded.
fn environment(library: &Path) -> Result<Environment, SpeechError> {
    let broken = |detail: String| SpeechError::ModelBroken {
        model: "onnxruntime",
        detail: format!("{}: {detail}", library.display()),
    };
    let mut slot = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = slot.as_ref() {
        return Ok(environment.clone());
    }
    if !library.is_file() {
        return Err(SpeechError::ModelMissing {
            model: "onnxruntime",
            detail: library.display().to_string(),
        });
    }
    let environment = ort::init_from(library)
        .map_err(|e| broken(e.to_string()))?
        .with_name("huiyin")
        .with_telemetry(false)
        .build()
        .map_err(|e| broken(e.to_string()))?;
    environment.set_log_level(LogLevel::Error);
    Ok(slot.insert(environment).clone())
}

/// A session that uses the calling thread only.
pub(super) fn session(
    model: &'static str,
    file: &Path,
    library: &Path,
) -> Result<Session, SpeechError> {
    if !file.is_file() {
        return Err(SpeechError::ModelMissing { model, detail: file.display().to_string() });
    }
    let environment = environment(library)?;
    let broken = |detail: String| SpeechError::ModelBroken { model, detail };
    Session::builder(&environment)
        .map_err(|e| broken(e.to_string()))?
        .with_intra_threads(1)
        .map_err(|e| broken(e.to_string()))?
        .with_inter_threads(1)
        .map_err(|e| broken(e.to_string()))?
        .with_intra_op_spinning(false)
        .map_err(|e| broken(e.to_string()))?
        .commit_from_file(file)
        .map_err(|e| broken(format!("{}: {e}", file.display())))
}
