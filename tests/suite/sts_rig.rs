//! An AWS STS on loopback: takes tokens for a role, answers in XML as the real one does.

use crate::git_rig::read;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What STS is like.
#[derive(Clone)]
pub struct Sts {
    state: Arc<Mutex<State>>,
    /// Where it is.
    pub endpoint: String,
}

#[derive(Default)]
struct State {
    asked: Vec<BTreeMap<String, String>>,
    life: Duration,
    refuses: Option<(u16, String, String)>,
    raw: Option<String>,
}

impl Sts {
    /// Starts one that takes the tokens that `takes` takes, and gives keys for an hour. It ends with the tests.
    pub fn start(takes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sts = Self {
            endpoint: format!("http://{}/", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        sts.live(Duration::from_secs(3600));
        let served = sts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                served.answer(stream, &takes);
            }
        });
        sts
    }

    /// From now on keys live that long.
    pub fn live(&self, life: Duration) {
        self.state.lock().unwrap().life = life;
    }

    /// From now on it refuses so: status, code and words.
    pub fn refuse(&self, status: u16, code: &str, words: &str) {
        self.state.lock().unwrap().refuses = Some((status, code.to_owned(), words.to_owned()));
    }

    /// From now on it answers with these bytes, whatever is asked.
    pub fn say(&self, raw: String) {
        self.state.lock().unwrap().raw = Some(raw);
    }

    /// All that was asked.
    pub fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.state.lock().unwrap().asked.clone()
    }

    fn answer(&self, mut stream: TcpStream, takes: &impl Fn(&str) -> bool) {
        let Some(asked) = read(&stream) else { return };
        let mut form: BTreeMap<String, String> = url::form_urlencoded::parse(&asked.body)
            .into_owned()
            .collect();
        for name in ["authorization", "x-amz-security-token"] {
            let value = asked.header(name).map(str::to_owned);
            form.extend(value.map(|value| (name.to_owned(), value)));
        }
        let mut state = self.state.lock().unwrap();
        let number = state.asked.len() + 1;
        let is_taken = form
            .get("WebIdentityToken")
            .is_some_and(|token| takes(token));
        let refusal = state.refuses.clone().or_else(|| {
            let words = "Couldn't retrieve verification key from your identity provider";
            (!is_taken).then(|| (400, "InvalidIdentityToken".to_owned(), words.to_owned()))
        });
        let (status, body) = match refusal {
            Some((status, code, words)) => (
                status,
                format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                     <Code>{code}</Code><Message>{words}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
                ),
            ),
            None => {
                let end =
                    jiff::Timestamp::now() + jiff::SignedDuration::try_from(state.life).unwrap();
                (
                    200,
                    given(number, &end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
                )
            }
        };
        state.asked.push(form);
        if let Some(raw) = &state.raw {
            let _ = stream.write_all(raw.as_bytes());
            return;
        }
        drop(state);
        let _ = write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
    }
}

/// An answer with keys.
pub fn given(number: usize, end: &str) -> String {
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><AssumedRoleUser><AssumedRoleId>X:alice</AssumedRoleId></AssumedRoleUser>\
         <Credentials><AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>secret/key+{number}</SecretAccessKey>\
         <SessionToken>session&#43;token={number}</SessionToken><Expiration>{end}</Expiration></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    )
}
