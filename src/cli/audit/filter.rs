//! Which lines of the activity log are wanted, as the command line says it.

use crate::cli::audit::when;
use crate::clock::Timestamp;
use crate::model::audit::Filter;
use crate::model::event::Outcome;
use crate::model::kind::KINDS;
use crate::model::name::CredentialName;
use crate::model::operation::OperationId;
use clap::Args;
use clap::builder::PossibleValuesParser;

/// Which lines; what is left out is not asked about.
#[derive(Debug, Clone, Default, Args)]
pub struct FilterArgs {
    /// Only lines about this credential, provider/account.
    #[arg(long, value_name = "NAME")]
    credential: Option<CredentialName>,
    /// Only lines of this kind.
    #[arg(long, value_parser = PossibleValuesParser::new(KINDS), hide_possible_values = true)]
    kind: Option<String>,
    /// Only lines with this outcome.
    #[arg(long)]
    outcome: Option<Ended>,
    /// Only what this program asked for: its path, or its file's name.
    #[arg(long)]
    program: Option<String>,
    /// Not before: a moment (RFC 3339), a day, or how long ago (2d).
    #[arg(long, value_name = "WHEN", value_parser = when::parse)]
    since: Option<Timestamp>,
    /// Before: a moment, a day, or how long ago.
    #[arg(long, value_name = "WHEN", value_parser = when::parse)]
    until: Option<Timestamp>,
    /// Only lines of this operation, sixteen hexadecimal digits.
    #[arg(long, value_name = "ID")]
    operation: Option<OperationId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ended {
    /// It was done.
    Done,
    /// It failed, or was refused.
    Failed,
}

impl FilterArgs {
    /// The filter.
    pub fn filter(&self) -> Filter {
        Filter {
            credential: self.credential.clone(),
            kind: self.kind.clone(),
            outcome: self.outcome.map(|ended| match ended {
                Ended::Done => Outcome::Done,
                Ended::Failed => Outcome::Failed,
            }),
            program: self.program.clone(),
            since: self.since,
            until: self.until,
            operation: self.operation,
        }
    }
}
