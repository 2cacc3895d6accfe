//! Threads for slow work behind a bounded queue: recognition, synthesis, meaning, files. Frame tasks never wait for
//! them; a full queue is an answer, not a wait.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// The queue is at its bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the {0} queue is full")]
pub struct Full(pub &'static str);

struct Queue<J> {
    jobs: VecDeque<J>,
    closed: bool,
}

struct Shared<J> {
    name: &'static str,
    bound: usize,
    queue: Mutex<Queue<J>>,
    wake: Condvar,
}

impl<J> Shared<J> {
    // A worker that panicked holds no half-made queue: pushing and popping cannot panic midway.
    fn lock(&self) -> MutexGuard<'_, Queue<J>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<J> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Worker threads that own their state and end, after the jobs already queued, when the pool is dropped.
pub struct Pool<J: Send + 'static> {
    shared: Arc<Shared<J>>,
    threads: Vec<JoinHandle<()>>,
}

impl<J: Send + 'static> Pool<J> {
    /// One thread for each of `workers`; each is called with one job after another.
    pub fn start<W>(name: &'static str, bound: usize, workers: Vec<W>) -> std::io::Result<Self>
    where
        W: FnMut(J) + Send + 'static,
    {
        let shared = Arc::new(Shared {
            name,
            bound,
            queue: Mutex::new(Queue { jobs: VecDeque::new(), closed: false }),
            wake: Condvar::new(),
        });
        let mut threads = Vec::with_capacity(workers.len());
        for mut worker in workers {
            let shared = shared.clone();
            let body = move || {
                while let Some(job) = shared.next() {
                    worker(job);
                }
            };
            threads.push(std::thread::Builder::new().name(name.into()).spawn(body)?);
        }
        Ok(Pool { shared, threads })
    }

    pub fn push(&self, job: J) -> Result<(), Full> {
        self.push_before(job, |_| false)
    }

    /// Puts the job before the first of those that can wait.
    pub fn push_before(&self, job: J, can_wait: impl Fn(&J) -> bool) -> Result<(), Full> {
        let mut queue = self.shared.lock();
        if queue.jobs.len() >= self.shared.bound {
            return Err(Full(self.shared.name));
        }
        let at = queue.jobs.iter().position(can_wait).unwrap_or(queue.jobs.len());
        queue.jobs.insert(at, job);
        drop(queue);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Moves the job that `hurried` names before the first of those that can wait.
    pub fn promote(&self, hurried: impl Fn(&J) -> bool, can_wait: impl Fn(&J) -> bool) {
        let mut queue = self.shared.lock();
        let Some(from) = queue.jobs.iter().position(hurried) else { return };
        let to = queue.jobs.iter().position(can_wait).unwrap_or(from);
        if to < from && let Some(job) = queue.jobs.remove(from) {
            queue.jobs.insert(to, job);
        }
    }

    /// Takes jobs out of the queue that nobody wants any more.
    pub fn purge(&self, unwanted: impl Fn(&J) -> bool) {
        self.shared.lock().jobs.retain(|job| !unwanted(job));
    }

    pub fn workers(&self) -> usize {
        self.threads.len()
    }

    /// Jobs waiting, those under way not counted.
    pub fn waiting(&self) -> usize {
        self.shared.lock().jobs.len()
    }
}

impl<J: Send + 'static> Drop for Pool<J> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A worker's panic has been printed; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}
