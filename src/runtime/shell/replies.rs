//! Answers to commands.

use tokio::sync::oneshot;

use super::super::keeper::Kept;
use super::Shell;
use crate::desk::DeskError;

impl Shell {
    /// What was ordered is told to be done when it is on disk: after any crash it still is.
    pub(super) async fn reply(&mut self, token: u64, result: Result<(), DeskError>) {
        let Some(reply) = self.replies.remove(&token) else { return };
        if result.is_err() {
            let _ = reply.send(result);
            return;
        }
        let (done, written) = oneshot::channel();
        if self.parts.facts.send(Kept::Barrier(done)).await.is_ok() {
            self.tasks.spawn(async move {
                if written.await.is_ok() {
                    let _ = reply.send(result);
                }
            });
        }
    }
}
