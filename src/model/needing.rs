//! Who needs a human, so that each need is news once.

use crate::clock::Timestamp;
use crate::model::credential::CredentialView;
use crate::model::health::Health;
use crate::model::name::CredentialName;
use crate::model::need::Need;
use std::collections::BTreeMap;

/// What all credentials need.
#[derive(Debug, Clone, Default)]
pub struct Needing(BTreeMap<CredentialName, Need>);

impl Needing {
    /// Takes in how a credential is; tells what it needs where it did not need that before.
    pub fn see(&mut self, view: &CredentialView, now: Timestamp) -> Option<Need> {
        // Whether a refresh helps, only its end tells.
        if view.health == Health::Refreshing {
            return None;
        }
        self.note(&view.profile.name, Need::of(view, now))
    }

    /// The same for who knows what it needs.
    pub fn note(&mut self, name: &CredentialName, need: Option<Need>) -> Option<Need> {
        let before = match need {
            Some(need) => self.0.insert(name.clone(), need),
            None => self.0.remove(name),
        };
        need.filter(|_| before != need)
    }

    /// The same for all there are; whoever is not among them is forgotten. Tells whether any of it is news.
    pub fn learn(&mut self, views: &[CredentialView], now: Timestamp) -> bool {
        let before = std::mem::take(&mut self.0);
        let kept = views.iter().map(|view| &view.profile.name);
        self.0 = kept
            .filter_map(|name| Some((name.clone(), *before.get(name)?)))
            .collect();
        let news = views.iter().filter(|view| self.see(view, now).is_some());
        news.count() > 0
    }

    /// Forgets one.
    pub fn forget(&mut self, name: &CredentialName) {
        self.0.remove(name);
    }

    /// Who needs what, by name.
    pub fn all(&self) -> impl Iterator<Item = (&CredentialName, Need)> {
        self.0.iter().map(|(name, need)| (name, *need))
    }

    /// How many need something.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody needs anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_news_once_and_again_when_it_came_back_as_another() {
        let name = CredentialName::new("demo", "alice").unwrap();
        let mut needing = Needing::default();
        let mut note = |need| needing.note(&name, need);
        assert_eq!(note(None), None);
        assert_eq!(note(Some(Need::SignIn)), Some(Need::SignIn));
        assert_eq!(note(Some(Need::SignIn)), None);
        assert_eq!(note(Some(Need::Setting)), Some(Need::Setting));
        assert_eq!(note(None), None);
        assert_eq!(note(Some(Need::Setting)), Some(Need::Setting));
        assert_eq!(needing.len(), 1);
        assert!(!needing.learn(&[], Timestamp::from_secs(0)));
        assert!(needing.is_empty(), "whoever is gone needs nothing");
    }
}
