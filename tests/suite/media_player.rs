//! The player held and released, to the sample.

use huiyin::media::player::{BACK_UP, Player, PlayerEvent};
use huiyin::media::{FRAME_SAMPLES, Frame};
use proptest::prelude::*;

/// Fades take 8 ms.
const FADE: usize = 64;

/// Sound whose every sample tells its place, loud enough that a fade cannot be taken for it.
fn ramp(samples: usize) -> Vec<i16> {
    (0..samples).map(|at| 8_000 + at as i16).collect()
}

fn pull(player: &mut Player, frames: usize) -> Vec<i16> {
    (0..frames).flat_map(|_| player.pull().0).collect()
}

fn events(player: &mut Player) -> Vec<PlayerEvent> {
    std::iter::from_fn(|| player.poll()).collect()
}

#[test]
fn a_held_sentence_goes_on_from_a_little_before() {
    let mut player = Player::new(1);
    player.append(1, ramp(8_000)).unwrap();
    player.finish(1);
    assert_eq!(pull(&mut player, 10), ramp(1_600));
    player.hold();
    assert!(player.is_held() && player.is_speaking());
    let (fade, spoke) = player.pull();
    assert!(spoke && fade[0] == ramp(8_000)[1_600], "it fades from where it was: {fade:?}");
    assert!(fade[..FADE].windows(2).all(|pair| pair[1] < pair[0]), "{fade:?}");
    assert!(fade[FADE..].iter().all(|sample| sample.abs() < 200), "comfort noise: {fade:?}");
    assert!(!player.pull().1, "held");
    assert_eq!(player.progress(), Some((1, 208)));
    player.release();
    let position = 1_600 + FADE - BACK_UP;
    let again = pull(&mut player, 2);
    let expected = &ramp(8_000)[position..position + 2 * FRAME_SAMPLES];
    assert!(again[..FADE].windows(2).all(|pair| pair[0] < pair[1]), "it rises: {again:?}");
    assert_eq!(again[FADE..], expected[FADE..]);
    let rest = pull(&mut player, 50);
    let last = rest.iter().rposition(|&sample| sample > 1_000).unwrap();
    assert_eq!(again.len() + last + 1 + position, 8_000, "nothing is left out");
    assert_eq!(
        events(&mut player),
        [
            PlayerEvent::ItemStarted { tag: 1 },
            PlayerEvent::ItemEnded { tag: 1, played_ms: 1_000, whole: true },
        ],
    );
}

#[test]
fn what_is_held_can_be_stopped_and_what_has_not_begun_can_be_held() {
    let mut player = Player::new(1);
    player.append(1, ramp(8_000)).unwrap();
    pull(&mut player, 10);
    player.hold();
    pull(&mut player, 3);
    let stopped = player.stop();
    assert_eq!(stopped.playing, Some((1, 208)));
    assert!(!player.is_held() && !player.is_speaking() && !player.pull().1);

    player.hold();
    player.append(2, ramp(320)).unwrap();
    player.finish(2);
    assert!((0..5).all(|_| !player.pull().1));
    player.release();
    assert_eq!(pull(&mut player, 2), ramp(320), "from its beginning, with no fade");
    player.hold();
    assert!(!player.pull().1, "nothing was there to fade");
}

proptest! {
    /// However often it is held: each stretch is the sentence from somewhere not after where the last one ended, and the end
    /// is reached and told once.
    #[test]
    fn holding_loses_nothing(
        chunks in prop::collection::vec(1_usize..700, 1..12),
        plays in prop::collection::vec((1_usize..20, 1_usize..4), 0..8),
    ) {
        let mut player = Player::new(1);
        let total: usize = chunks.iter().sum();
        let sound = ramp(total);
        let mut at = 0;
        for count in chunks {
            player.append(1, sound[at..at + count].to_vec()).unwrap();
            at += count;
        }
        player.finish(1);
        let mut told = Vec::new();
        let mut heard: usize = 0;
        let mut take = |player: &mut Player, frames: usize| {
            for _ in 0..frames {
                let (frame, _): (Frame, bool) = player.pull();
                // Samples in full tell their place.
                for sample in frame.iter().filter(|sample| **sample >= 8_000) {
                    let place = (*sample - 8_000) as usize;
                    prop_assert!(place <= heard + FADE, "{place} after {heard}");
                    heard = heard.max(place + 1);
                }
                told.extend(events(player));
            }
            Ok(())
        };
        for (frames, held) in plays {
            take(&mut player, frames)?;
            player.hold();
            take(&mut player, held)?;
            player.release();
        }
        take(&mut player, total / FRAME_SAMPLES + 10)?;
        prop_assert!(heard + FADE >= total, "{heard} of {total}");
        let ends = told.iter().filter(|e| matches!(e, PlayerEvent::ItemEnded { whole: true, .. }));
        prop_assert_eq!(ends.count(), 1);
        prop_assert!(!player.is_speaking());
    }
}
