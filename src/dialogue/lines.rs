//! Every line that the voice can say, by name. The words are in `prompts/`; here is which words there must be.

macro_rules! lines {
    ($($file:literal { $($(#[$doc:meta])* $name:ident = $key:literal ($($slot:literal),*),)* })*) => {
        /// One line. A line with several wordings is said in other words each time it is asked again.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Line { $($($(#[$doc])* $name,)*)* }

        impl Line {
            pub const ALL: &'static [Line] = &[$($(Line::$name,)*)*];

            /// The key in the file.
            pub const fn key(self) -> &'static str {
                match self { $($(Line::$name => $key,)*)* }
            }

            /// The file that holds it.
            pub const fn file(self) -> &'static str {
                match self { $($(Line::$name => $file,)*)* }
            }

            /// The slots that every wording of it has.
            pub const fn slots(self) -> &'static [&'static str] {
                match self { $($(Line::$name => &[$($slot),*],)*)* }
            }

            pub fn from_key(key: &str) -> Option<Line> {
                Line::ALL.iter().copied().find(|line| line.key() == key)
            }
        }
    };
}

lines! {
    "dialogue.toml" {
        /// Robot and recording: must be heard.
        Notice = "notice" (),
        Open = "open" (),
        OpenSilent = "open_silent" (),
        OpenUnclear = "open_unclear" (),
        /// The request was heard but not understood.
        Rephrase = "rephrase" (),
        /// The caller said that there is more, or only called out.
        GoOn = "go_on" (),
        /// The caller asked for a moment.
        TakeYourTime = "take_your_time" (),

        /// The answer takes its time; said while nothing else is.
        Moment = "moment" (),

        Confirm = "confirm" ("title"),
        ConfirmAgain = "confirm_again" ("title"),
        /// One of two or three items.
        OfferTwo = "offer_two" ("first", "second"),
        OfferTwoAgain = "offer_two_again" ("first", "second"),
        OfferTwoKeys = "offer_two_keys" ("first", "second"),
        OfferThree = "offer_three" ("first", "second", "third"),
        OfferThreeAgain = "offer_three_again" ("first", "second", "third"),
        OfferThreeKeys = "offer_three_keys" ("first", "second", "third"),
        Answer = "answer" ("answer"),
        Source = "source" ("source"),
        Helped = "helped" (),
        HelpedAgain = "helped_again" (),
        More = "more" (),
        MoreAgain = "more_again" (),
        Goodbye = "goodbye" (),
        /// The answer takes a while.
        /// What is not dispatched, and where it belongs.
        UndispatchedCourt = "undispatched_court" (),
        UndispatchedPetitionReview = "undispatched_petition_review" (),
        UndispatchedSecret = "undispatched_secret" (),
        UndispatchedNotGovernment = "undispatched_not_government" (),
        UndispatchedUnlawful = "undispatched_unlawful" (),
        /// Keys instead of yes and no.
        KeysYesNo = "keys_yes_no" (),

        AskNarrative = "ask_narrative" (),
        AskNarrativeAgain = "ask_narrative_again" (),
        AskPlace = "ask_place" (),
        AskPlaceAgain = "ask_place_again" (),
        /// The place's name may mean one of two.
        AskPlaceWhich = "ask_place_which" ("first", "second"),
        AskTime = "ask_time" (),
        AskTimeAgain = "ask_time_again" (),
        PlaceBack = "place_back" ("place"),
        PlaceBackAgain = "place_back_again" ("place"),
        /// The place read back was wrong.
        PlaceCorrect = "place_correct" (),
        FactsCorrect = "facts_correct" (),

        /// The time and what else is new, read back with the place.
        PlaceTimeBack = "place_time_back" ("facts", "place"),
        PlaceTimeBackAgain = "place_time_back_again" ("facts", "place"),

        /// The number to call back.
        AskNumber = "ask_number" (),
        AskNumberAgain = "ask_number_again" (),
        /// A part of it was heard.
        NumberGoOn = "number_go_on" (),
        NumberBack = "number_back" ("telephone"),
        NumberBackAgain = "number_back_again" ("telephone"),
        /// The number read back was wrong.
        NumberCorrect = "number_correct" (),
        NumberKeys = "number_keys" (),
        NumberKeysAgain = "number_keys_again" (),

        /// How an earlier ticket stands: its number is asked for.
        AskTicket = "ask_ticket" (),
        AskTicketAgain = "ask_ticket_again" (),
        TicketGoOn = "ticket_go_on" (),
        TicketKeys = "ticket_keys" (),
        TicketBack = "ticket_back" ("ticket"),
        TicketBackAgain = "ticket_back_again" ("ticket"),
        /// The ticket's number read back was wrong.
        TicketCorrect = "ticket_correct" (),
        /// It is another number's ticket, or a report.
        AskLastFour = "ask_last_four" (),
        AskLastFourAgain = "ask_last_four_again" (),
        LastFourWrong = "last_four_wrong" (),
        /// No ticket of the number calling.
        ProgressNoneOwn = "progress_none_own" (),
        ProgressNone = "progress_none" (),
        /// The digits were wrong too often.
        ProgressLocked = "progress_locked" (),
        ProgressFailed = "progress_failed" (),
        ProgressPerson = "progress_person" (),
        ProgressPersonAgain = "progress_person_again" (),
        /// How it stands: one sentence each.
        ProgressRegistered = "progress_registered" ("opened", "subject"),
        ProgressDispatched = "progress_dispatched" ("opened", "subject", "day"),
        ProgressDispatchedTo = "progress_dispatched_to" ("opened", "subject", "day", "unit"),
        ProgressSigned = "progress_signed" ("opened", "subject", "day"),
        ProgressSignedBy = "progress_signed_by" ("opened", "subject", "day", "unit"),
        ProgressHandling = "progress_handling" ("opened", "subject"),
        ProgressExtended = "progress_extended" ("opened", "subject", "day"),
        ProgressAnswered = "progress_answered" ("opened", "subject", "day"),
        ProgressClosed = "progress_closed" ("opened", "subject", "day"),
        ProgressReopened = "progress_reopened" ("opened", "subject", "day"),
        ProgressTold = "progress_told" ("opened", "subject", "day"),
        ProgressMerged = "progress_merged" ("opened", "subject", "day"),
        /// What it is about is not told.
        ProgressMatter = "progress_matter" (),
        ProgressDue = "progress_due" ("due"),
        ProgressOthers = "progress_others" ("count"),
        AskUrge = "ask_urge" (),
        AskUrgeAgain = "ask_urge_again" (),
        Urged = "urged" (),

        HandOverAsked = "hand_over_asked" (),
        HandOverTicket = "hand_over_ticket" (),
        HandOverSilent = "hand_over_silent" (),
        HandOverUnclear = "hand_over_unclear" (),
        HandOverUnanswered = "hand_over_unanswered" (),
        HandOverUnhelped = "hand_over_unhelped" (),
        HandOverOverloaded = "hand_over_overloaded" (),
        HandOverLost = "hand_over_lost" (),
        HandOverPassed = "hand_over_passed" (),
        HandOverPromised = "hand_over_promised" (),
        /// Danger: the number to dial, then a person.
        Emergency = "emergency" ("number"),
        EmergencySelfHarm = "emergency_self_harm" ("number"),
        EmergencyNobody = "emergency_nobody" ("number"),
        /// The words may tell of a danger.
        Danger = "danger" (),
        DangerAgain = "danger_again" (),
        DangerKeys = "danger_keys" (),
        /// The words may ask for a person.
        Person = "person" (),
        PersonAgain = "person_again" (),
        PersonKeys = "person_keys" (),

        Position = "position" ("position"),
        PositionEstimate = "position_estimate" ("position", "minutes"),
        Hold = "hold" (),
        Noted = "noted" (),
        OfferCallback = "offer_callback" (),
        OfferCallbackAgain = "offer_callback_again" (),
        /// Nobody is on duty and nothing is known yet: say it to the robot.
        LeaveWord = "leave_word" (),
        LeaveWordAgain = "leave_word_again" (),
        NobodyRegistered = "nobody_registered" ("ticket"),
        NobodyNoNumber = "nobody_no_number" ("ticket"),
        /// Nobody on duty and no room to listen: the call itself is what is noted.
        NobodyOverloaded = "nobody_overloaded" ("ticket"),
        /// The ticket's number once more, before goodbye.
        TicketAgain = "ticket_again" ("ticket"),
        CallbackRegistered = "callback_registered" ("ticket"),
        NotStored = "not_stored" (),
    }
    "survey.toml" {
        /// Who calls and about what; recorded: must be heard.
        SurveyNotice = "notice_callback" ("when", "matter"),
        SurveyNoticeRunning = "notice_running" ("when", "matter"),
        SurveySolved = "solved" (),
        SurveySolvedSilent = "solved_silent" (),
        SurveySolvedUnclear = "solved_unclear" (),
        SurveySolvedKeys = "solved_keys" (),
        SurveyGrade = "grade" (),
        SurveyGradeSilent = "grade_silent" (),
        SurveyGradeUnclear = "grade_unclear" (),
        SurveyGradeKeys = "grade_keys" (),
        /// An answer is read back before it counts.
        SurveyBack = "answer_back" ("reply"),
        SurveyBackAgain = "answer_back_again" ("reply"),
        SurveyBackKeys = "answer_back_keys" (),
        SurveyReason = "reason" (),
        SurveyReasonAgain = "reason_again" (),
        /// Unsolved or unhappy: whether it is to be handled again.
        SurveyReopen = "reopen" (),
        SurveyReopenAgain = "reopen_again" (),
        SurveyReopenKeys = "reopen_keys" (),
        /// A child has picked up.
        SurveyAdult = "adult" (),
        SurveyAdultAgain = "adult_again" (),
        SurveyChild = "child" (),
        /// Asked whether this is a machine.
        SurveyRobot = "robot" (),
        SurveyAbsent = "absent" (),
        SurveyThanksReopen = "thanks_reopen" (),
        SurveyTakeYourTime = "take_your_time_callback" (),
        SurveyThanks = "thanks" (),
        SurveyThanksUnhappy = "thanks_unhappy" (),
        SurveyLater = "later" (),
        SurveyNobodyThere = "nobody_there" (),
        SurveyDeclined = "declined" (),
        SurveyWrongPerson = "wrong_person" (),
        SurveyToPerson = "to_person" (),
        SurveyEmergency = "emergency_callback" ("number"),
    }
}
