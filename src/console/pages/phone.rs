//! The agent's telephone in the browser, as the page has it before the script begins.

use maud::{Markup, html};

use crate::console::App;

const KEYS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/// Nothing where there is no line for browsers. What the script shows in it is not patched.
pub(super) fn phone(app: &App, agent: i64) -> Markup {
    let texts = &app.texts.phone;
    let button = |id: &str, name: &str, keys: &str, key: &str, class: &str| {
        html! {
            button id=(id) class=(class) type="button" data-key=(key) aria-keyshortcuts=(keys) hidden {
                (name) " " kbd { (keys) }
            }
        }
    };
    html! {
        @if app.telephones.is_some() {
            section #phone .card .phone data-own aria-label=(texts.title) data-base={ "/api/agents/" (agent) "/phone" }
                data-off=(texts.off) data-ready=(texts.ready) data-ringing=(texts.ringing)
                data-connecting=(texts.connecting) data-talking=(texts.talking) data-held=(texts.held)
                data-unsteady=(texts.unsteady) data-lost=(texts.lost) data-failed=(texts.failed)
                data-offline=(texts.offline) data-nomicrophone=(texts.no_microphone) data-unfit=(texts.unfit) {
                div .row {
                    button #phone-on type="button" aria-pressed="false" { (texts.on) }
                    span #phone-state .large role="status" { (texts.off) }
                    (button("phone-answer", &texts.answer, &texts.answer_key, "j", "main"))
                    (button("phone-hang-up", &texts.hang_up, &texts.hang_up_key, "k", ""))
                    (button("phone-hold", &texts.hold, &texts.hold_key, "h", ""))
                    (button("phone-mute", &texts.mute, &texts.mute_key, "m", ""))
                    label .push for="phone-level" { (texts.level) }
                    meter #phone-level min="0" max="1" value="0" {}
                }
                div .row {
                    label for="phone-microphone" { (texts.microphone) }
                    select #phone-microphone disabled {}
                    label for="phone-speaker" { (texts.speaker) }
                    select #phone-speaker disabled {}
                    details #phone-pad hidden {
                        summary { (texts.keys) }
                        div .phone-pad {
                            @for key in KEYS { button type="button" data-digit=(key) { (key) } }
                        }
                    }
                }
                audio #phone-sound autoplay {}
            }
        }
    }
}
