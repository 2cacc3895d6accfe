//! The recognisers' queue: words that somebody waits for before looks ahead.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use huiyin::runtime::recogniser::{Recogniser, Wanted};
use huiyin::speech::{Asr, Expected, Heard, SpeechError};

/// Tells which job it has begun, and ends it when it is let.
struct Gated {
    begun: Sender<i16>,
    gate: Arc<Mutex<Receiver<()>>>,
}

impl Asr for Gated {
    fn recognise(&mut self, pcm: &[i16], _: &Expected, _: bool) -> Result<Heard, SpeechError> {
        self.begun.send(pcm[0]).unwrap();
        // The test is over when it lets nobody through any more.
        let _ = self.gate.lock().unwrap().recv();
        Ok(Heard::Unclear)
    }
}

#[test]
fn finals_go_before_looks_ahead_and_a_full_queue_takes_no_more_looks() {
    let (begun, begins) = channel();
    let (open, gate) = channel();
    let gate = Arc::new(Mutex::new(gate));
    let engine = || Box::new(Gated { begun: begun.clone(), gate: gate.clone() }) as Box<dyn Asr>;
    let recogniser = Recogniser::start(vec![engine(), engine()]).unwrap();
    let ask =
        |job: i16, last| recogniser.recognise(vec![job], Expected::anything(), last, |_| {}).ok();
    let busy: Vec<Wanted> = [1, 2].into_iter().filter_map(|job| ask(job, true)).collect();
    let mut first = [begins.recv().unwrap(), begins.recv().unwrap()];
    first.sort();
    assert_eq!(first, [1, 2]);

    let (ahead, hurried) = (ask(3, false), ask(4, false));
    assert!(ask(5, false).is_none(), "as many wait as there are recognisers");
    let last = ask(6, true);
    recogniser.hurry(hurried.as_ref().unwrap());
    let dropped = ask(7, true);
    drop(dropped);
    for expected in [6, 4, 3] {
        open.send(()).unwrap();
        assert_eq!(begins.recv().unwrap(), expected);
    }
    assert!(ahead.is_some() && last.is_some());
    drop(open);
    drop((recogniser, busy));
    assert!(begins.try_recv().is_err(), "nobody wants the one that was dropped");
}
