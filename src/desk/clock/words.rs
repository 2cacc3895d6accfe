//! The words that packs are written in: what happens to a matter, which duty a limit belongs to, where a figure is from.

/// A closed list of words with a key for files and a name in Chinese.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $key:literal, $chinese:literal;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$one])* $variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// As files write it.
            pub const fn key(self) -> &'static str {
                match self { $($name::$variant => $key,)* }
            }

            pub const fn chinese(self) -> &'static str {
                match self { $($name::$variant => $chinese,)* }
            }

            pub fn of(key: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|word| word.key() == key)
            }
        }
    };
}

words! {
    /// What starts and stops limits. A moment that is recorded on a ticket, nothing else.
    Event {
        /// The call, letter or visit came in.
        Received = "received", "收到";
        /// The one who asked for help was told that it is known.
        Acknowledged = "acknowledged", "接应";
        Registered = "registered", "登记";
        /// 受理: it is ours.
        Accepted = "accepted", "受理";
        Dispatched = "dispatched", "派单";
        Signed = "signed", "签收";
        /// Passed on by the receiving unit to the one that handles it.
        Transferred = "transferred", "转办";
        Objected = "objected", "提出异议";
        ObjectionDecided = "objection_decided", "异议裁定";
        /// The citizen was told how it stands.
        Informed = "informed", "告知";
        /// The citizen was called to confirm the details.
        Confirmed = "confirmed", "核实";
        Arrived = "arrived", "到场";
        Answered = "answered", "答复";
        Closed = "closed", "办结";
        CalledBack = "called_back", "回访";
        /// An answer of the callback asks for verification.
        Disputed = "disputed", "不满意待核实";
        Verified = "verified", "核实完成";
        Reopened = "reopened", "重办";
        ReviewAsked = "review_asked", "申请复查";
        Reviewed = "reviewed", "复查答复";
        ReReviewAsked = "re_review_asked", "申请复核";
        ReReviewed = "re_reviewed", "复核答复";
    }
}

words! {
    /// What has to be done within a limit.
    Duty {
        Acknowledge = "acknowledge", "接应";
        Dispatch = "dispatch", "派单";
        Sign = "sign", "签收";
        Transfer = "transfer", "转办";
        Objection = "objection", "提出异议";
        ObjectionDecision = "objection_decision", "裁定异议";
        Inform = "inform", "告知";
        Confirm = "confirm", "核实情况";
        Arrive = "arrive", "到场";
        Answer = "answer", "答复";
        Close = "close", "办结";
        Callback = "callback", "回访";
        Verification = "verification", "不满意核实";
        /// The citizen's own limit to ask for a review.
        ReviewRequest = "review_request", "申请复查（信访人）";
        Review = "review", "复查";
        /// The citizen's own limit to ask for a second review.
        ReReviewRequest = "re_review_request", "申请复核（信访人）";
        ReReview = "re_review", "复核";
    }
}

words! {
    /// Where a figure is from.
    Basis {
        /// The primary text was read.
        Read = "read", "据原文";
        /// Seen as a citation only.
        Cited = "cited", "据转引";
        /// The source gives none: our setting.
        Ours = "ours", "本系统设定，来源未作规定";
    }
}
