//! What is to be revoked makes room for a new sign-in: it goes on, sealed, under another name.

use crate::engine::core::Core;
use crate::engine::fact::Fact;
use crate::engine::held::Phase;
use crate::engine::minting::Minted;
use crate::engine::naming;
use crate::engine::runner::Runner;
use crate::engine::step::{Effect, Input};
use crate::model::credential::{CredentialId, Profile, Standing};
use crate::model::event::Happening;
use crate::model::name::CredentialName;
use crate::model::signin::SignInId;
use crate::vault::store::StoredProfile;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Pause before a sign-in looks again whether it can have its name.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// The longest account part of a new name, but for what makes it a free one.
const LONGEST: usize = 112;

impl Core {
    /// Tells a provider that may be there again what it could not be told: a revocation that came after the sign-in might
    /// end the new tokens too.
    pub(in crate::engine) fn sign_in_begun(&mut self, provider: &str) {
        let waiting = self.held.values().filter(|held| {
            let is_theirs = held.profile.name.provider() == provider;
            is_theirs && held.phase == Phase::Resting && held.revoke_at().is_some()
        });
        let waiting: Vec<CredentialId> = waiting.map(|held| held.id).collect();
        for id in waiting {
            self.begin_revoking(id);
        }
    }

    /// Gives its name away; only what is to be revoked does that.
    pub(in crate::engine) fn set_aside(&mut self, id: CredentialId, to: CredentialName) {
        let Some(held) = self.held.get_mut(&id) else {
            return;
        };
        let profile = Arc::make_mut(&mut held.profile);
        let Standing::Revoking { is_aside, .. } = &mut profile.standing else {
            return;
        };
        *is_aside = true;
        let from = std::mem::replace(&mut profile.name, to.clone());
        self.names.remove(&from);
        self.names.insert(to.clone(), id);
        self.out.push(Effect::Withdraw(from.clone()));
        self.out.push(Effect::Gone(from.clone()));
        self.happened(Some(to), Happening::Renamed { from });
        self.settle_and_tell(id);
    }

    /// Under this name a wish to revoke waits for the end of a refresh.
    pub(in crate::engine) fn is_busy_before_its_end(&self, name: &CredentialName) -> bool {
        let held = self.find(name).and_then(|id| self.held.get(&id));
        held.is_some_and(|held| {
            matches!(held.phase, Phase::Flying(_)) && held.revoke_at().is_some()
        })
    }

    /// A credential as it is to be written.
    pub(in crate::engine) fn stored(&self, name: &CredentialName) -> Option<StoredProfile> {
        let held = self.held.get(&self.find(name)?)?;
        Some(StoredProfile {
            id: held.id,
            generation: held.generation,
            profile: Profile::clone(&held.profile),
        })
    }

    /// What waits to be revoked under this name, and what it can be called instead.
    fn in_the_way(&self, name: &CredentialName) -> Option<(CredentialId, CredentialName)> {
        let id = self.find(name)?;
        self.held.get(&id)?.revoke_at()?;
        Some((id, self.free_beside(name, "old")?))
    }

    /// A free name for what may not have this one, which it begins with and which ends in that word.
    pub(in crate::engine) fn free_beside(
        &self,
        name: &CredentialName,
        word: &str,
    ) -> Option<CredentialName> {
        let room = LONGEST.saturating_sub(word.len());
        let short: String = name.account().chars().take(room).collect();
        let wanted = CredentialName::new(name.provider(), &format!("{short}-{word}")).ok()?;
        let is_taken = |name: &CredentialName| self.find(name).is_some();
        Some(match is_taken(&wanted) {
            true => naming::free(&wanted, is_taken),
            false => wanted,
        })
    }
}

impl Runner {
    /// Whether new tokens have to wait until it is known what their name holds.
    pub(in crate::engine) fn must_wait(&self, minted: &Minted) -> bool {
        self.core.is_loading || self.core.is_busy_before_its_end(&minted.name)
    }

    /// Takes a sign-in up again a little later.
    pub(in crate::engine) fn look_again(&self, id: SignInId, minted: Arc<Minted>) {
        let facts = self.facts.clone();
        self.errands.start(async move {
            sleep(LOOK_AGAIN).await;
            let tries = 0;
            let _ = facts.send(Fact::Minted { id, minted, tries }).await;
        });
    }

    /// Sees to it that new tokens end no revocation that their name waits for; says whether there was one. On the disk it
    /// happens in one transaction with the new tokens.
    pub(in crate::engine) fn makes_room(&mut self, minted: &mut Arc<Minted>) -> bool {
        let (Some((id, to)), Some(minted)) =
            (self.core.in_the_way(&minted.name), Arc::get_mut(minted))
        else {
            return false;
        };
        minted.aside = Some(to.clone());
        self.step(Input::SetAside { id, to });
        true
    }
}
