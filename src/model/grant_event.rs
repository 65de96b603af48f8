//! What happens to a grant, as the activity log tells it.

use crate::model::family::FamilyId;
use serde::{Deserialize, Serialize};

/// What happened to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "did")]
pub enum GrantEvent {
    /// It was made, or made anew with other terms.
    Made,
    /// It was revoked: no token of it is good any more.
    Revoked,
    /// A pair of tokens was issued.
    Issued {
        /// Its family.
        family: FamilyId,
    },
    /// A pair was exchanged for the next one.
    Rotated {
        /// Its family.
        family: FamilyId,
    },
    /// A used refresh token came back: its family was ended.
    Replayed {
        /// Its family.
        family: FamilyId,
    },
    /// A family was ended.
    Ended {
        /// Which.
        family: FamilyId,
        /// Why.
        why: FamilyEnd,
    },
    /// A program without a token asked for a pair on the port.
    Asked,
    /// A person let it have one.
    Approved,
    /// A person did not.
    Denied,
}

/// Why a family was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FamilyEnd {
    /// Its holder, or the owner, wanted it.
    Asked,
    /// Its grant has too many pairs, and it was the oldest.
    Oldest,
    /// Its refresh token expired.
    Expired,
}

impl GrantEvent {
    /// Whether something went wrong.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Replayed { .. })
    }

    /// The family it is about.
    pub const fn family(self) -> Option<FamilyId> {
        match self {
            Self::Issued { family }
            | Self::Rotated { family }
            | Self::Replayed { family }
            | Self::Ended { family, .. } => Some(family),
            Self::Made | Self::Revoked | Self::Asked | Self::Approved | Self::Denied => None,
        }
    }

    /// In words, after the grant's name.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Made => "was made",
            Self::Revoked => "was revoked: no token of it is good any more",
            Self::Issued { .. } => "was used for a pair of tokens",
            Self::Rotated { .. } => "had a pair of tokens exchanged for the next one",
            Self::Replayed { .. } => {
                "had a used refresh token come back: its family was ended, for somebody else may have it"
            }
            Self::Ended { why, .. } => match why {
                FamilyEnd::Asked => "had a pair of tokens revoked",
                FamilyEnd::Oldest => "had its oldest pair of tokens end, for there were too many",
                FamilyEnd::Expired => "had a pair of tokens expire",
            },
            Self::Asked => "was asked for by a program on the port",
            Self::Approved => "was given to a program on the port",
            Self::Denied => "was refused to a program on the port",
        }
    }
}
