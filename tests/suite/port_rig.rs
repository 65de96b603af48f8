//! A program at the loopback port: plain HTTP/1.1, one request a connection.

use crate::sandbox::{Running, Sandbox};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use tokenward::demo::provider::DemoProvider;
use tokenward::demo::settings::DemoSettings;

/// A vault with `demo/alice` and `demo/bob`, a daemon with a port.
pub struct Scene {
    pub sandbox: Sandbox,
    pub provider: DemoProvider,
    pub daemon: Option<Running>,
    pub port: SocketAddr,
}

/// An answer of the port.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// A string in its body.
    #[track_caller]
    pub fn text_at(&self, member: &str) -> String {
        let found = self.body[member].as_str();
        found
            .unwrap_or_else(|| panic!("no {member}: {self:?}"))
            .to_owned()
    }

    /// The last part of the problem's type.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let kind = self.text_at("type");
        kind.rsplit(':').next().unwrap().to_owned()
    }
}

impl Scene {
    /// With these settings beside a port that the system chooses.
    pub fn new(settings: &[(&str, &str)]) -> Self {
        let mut sandbox = Sandbox::with_vault();
        sandbox.set("TOKENWARD_API_LISTEN", "127.0.0.1:0");
        for (name, value) in settings {
            sandbox.set(name, value);
        }
        let provider = DemoProvider::spawn(DemoSettings::default()).unwrap();
        sandbox.sign_in(&provider, "alice");
        sandbox.sign_in(&provider, "bob");
        let mut scene = Self {
            sandbox,
            provider,
            daemon: None,
            port: ([127, 0, 0, 1], 0).into(),
        };
        scene.start();
        scene
    }

    /// Starts the daemon, again.
    pub fn start(&mut self) {
        drop(self.daemon.take());
        self.daemon = Some(self.sandbox.daemon());
        let status = self.sandbox.run(["status", "--json"]).json();
        self.port = status["owner"]["port"].as_str().unwrap().parse().unwrap();
    }

    /// Asks the port.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, bearer: Option<&str>, body: &str) -> Answer {
        self.ask_as("rig/1", method, path, bearer, body)
    }

    /// The same for a program that calls itself so.
    #[track_caller]
    pub fn ask_as(
        &self,
        agent: &str,
        method: &str,
        path: &str,
        bearer: Option<&str>,
        body: &str,
    ) -> Answer {
        let bearer = bearer.map_or(String::new(), |it| {
            format!("Authorization: Bearer {it}\r\n")
        });
        let (host, length) = (self.port, body.len());
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n{bearer}\
             Connection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Sends a request as it is.
    #[track_caller]
    pub fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.port).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("{answer:?}"));
        Answer {
            status: status.parse().unwrap(),
            head: head.to_owned(),
            body: serde_json::from_str(text).unwrap_or(Value::Null),
        }
    }

    /// Makes a grant with these arguments and takes a pair of it.
    #[track_caller]
    pub fn grant(&self, name: &str, arguments: &[&str]) -> (String, String) {
        let all = [&["grant", "create", name], arguments].concat();
        self.sandbox.run(all).ok();
        self.pair(name)
    }

    /// A pair of a grant.
    #[track_caller]
    pub fn pair(&self, name: &str) -> (String, String) {
        let pair = self.sandbox.run(["grant", "token", name]).json();
        let text = |member: &str| pair[member].as_str().unwrap().to_owned();
        (text("access_token"), text("refresh_token"))
    }

    /// Exchanges a refresh token.
    #[track_caller]
    pub fn rotate(&self, refresh: &str) -> Answer {
        let body = serde_json::json!({ "refresh_token": refresh }).to_string();
        self.ask("POST", "/api/auth/refresh", None, &body)
    }

    /// Fetches a credential's token with a grant's.
    #[track_caller]
    pub fn fetch(&self, name: &str, access: &str) -> Answer {
        let path = format!("/api/credentials/{name}/token");
        self.ask("GET", &path, Some(access), "")
    }

    /// The lines of the activity log about grants.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self
            .sandbox
            .run(["audit", "list", "--json", "--kind", "grant"])
            .ok();
        let read = |line: &str| serde_json::from_str(line).unwrap();
        lines.lines().map(read).collect()
    }
}
