//! The words of the pages: `texts.toml`. A line that is missing or not used fails the reading, and so the tests.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A struct of texts, each under its own name in the file.
macro_rules! texts {
    ($name:ident { $($line:ident),* $(,)? }) => {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name { $(pub $line: String),* }
    };
}

texts!(Page {
    site,
    skip,
    overview,
    tickets,
    agents,
    surveys,
    supervisor,
    knowledge,
    call,
    ticket,
    agent,
    login,
    logout,
    offline,
    online,
    none,
    blank,
    more,
    back_to_top,
    navigation,
});
texts!(Overview {
    live_calls,
    no_live_calls,
    recent_calls,
    no_calls,
    number,
    direction,
    duration,
    no_words,
    ticket,
    outcome,
    started,
    waiting,
    nobody_waiting,
    on_duty,
});
texts!(Outbox {
    title,
    none,
    changed,
    ticket,
    step,
    number,
    state,
    attempts,
    due,
    text,
});
texts!(Figures {
    title,
    calls,
    live,
    answered,
    handed_over,
    registered,
    abandoned,
    broken,
    callbacks,
    latency,
    p50,
    p95,
    replies,
    not_measured,
});
texts!(Call {
    transcript,
    no_turns,
    play,
    play_from,
    latency,
    cut_short,
    recording,
    confidence,
    no_audio,
});
texts!(Ticket {
    fields,
    value,
    evidence,
    source,
    code,
    history,
    none_yet,
    subject,
    state,
    opened,
    changed,
    call,
    agent,
    result,
    survey,
    close,
    close_result,
    close_help,
    by,
    by_help,
    reopen,
    reopen_why,
    edit,
    save,
    words_missing,
    confidential,
});
texts!(Agent {
    list,
    ready,
    away,
    ready_key,
    away_key,
    no_call,
    transcript,
    unfinished,
    no_unfinished,
    closed,
    no_ticket,
    none_configured,
    since,
});
texts!(Dispatch {
    title,
    help,
    tied,
    open,
    learned,
    learned_from,
    with,
    copied,
    pack,
    why,
    rule,
    category,
    place,
    words,
    time,
    need_place,
    need_time,
    take,
});
texts!(Related { title, help, none, words, same_category, days });
texts!(Survey {
    title,
    none,
    ticket,
    due,
    attempt,
    times,
    attempts,
    question,
    answer,
    words,
    pressed,
    position,
    confirmed,
    no_answers,
    call,
});
texts!(Verification {
    open,
    closed,
    none_open,
    none_closed,
    reason,
    citizen_words,
    ticket,
    opened,
    close,
    result,
    result_help,
    closed_at,
    by,
});
texts!(Knowledge {
    title,
    items,
    questions,
    new_item,
    none_found,
    previous,
    next,
    search,
    search_help,
    stage,
    any,
    find,
    id_help,
    by,
    create,
    validity,
    source,
    not_today,
    draft,
    content,
    faults,
    steps,
    history,
    served,
    served_own,
    served_nothing,
    served_filed,
    served_not_yet,
    authors,
    reviewer,
    changed,
    save,
    required,
    take_up,
    review_help,
    why,
    no_history,
    changes,
});
texts!(Questions { title, questions, clusters, none, more, nearest, make_draft, dismiss });
texts!(Login { title, token, help, enter, wrong });
texts!(Messages { sent, failed, saving });

/// What keys of the machines are called: the key's table, then the key.
pub(super) type Names = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub page: Page,
    pub overview: Overview,
    pub outbox: Outbox,
    pub figures: Figures,
    pub call: Call,
    pub ticket: Ticket,
    pub agent: Agent,
    pub dispatch: Dispatch,
    pub related: Related,
    pub survey: Survey,
    pub verification: Verification,
    pub knowledge: Knowledge,
    pub questions: Questions,
    pub login: Login,
    pub messages: Messages,
    pub names: BTreeMap<String, Names>,
    /// By the code of an [`super::error::ApiError`].
    pub errors: Names,
}

impl Texts {
    pub fn load() -> Result<Texts, toml::de::Error> {
        toml::from_str(include_str!("texts.toml"))
    }

    /// What `key` of `table` is called; the key itself where nobody has named it.
    pub fn name<'a>(&'a self, table: &str, key: &'a str) -> &'a str {
        self.names.get(table).and_then(|names| names.get(key)).map_or(key, String::as_str)
    }

    /// The name of an actor: the robot, the system, an agent by work number, or who signed.
    pub fn actor<'a>(&'a self, actor: &'a str) -> &'a str {
        self.name("actor", actor)
    }
}
