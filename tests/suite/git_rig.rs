//! A git server that wants a token: `git http-backend` behind a few lines of HTTP, on loopback.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Who may come in: user name and password.
pub type Accepts = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// Serves the repositories in a folder, to whom `accepts` takes; gives the server's host and port.
pub fn serve(repositories: PathBuf, accepts: Accepts) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    // Ends with the tests.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (repositories, accepts) = (repositories.clone(), Arc::clone(&accepts));
            std::thread::spawn(move || answer(stream, &repositories, &accepts));
        }
    });
    host
}

/// A request.
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads one; `None` when there is none.
pub fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().split_once(':') {
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut asked = Asked {
        method,
        target,
        headers,
        body: Vec::new(),
    };
    let length = asked
        .header("content-length")
        .map_or(0, |it| it.parse().unwrap());
    asked.body.resize(length, 0);
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

fn answer(mut stream: TcpStream, repositories: &Path, accepts: &Accepts) {
    let Some(asked) = read(&stream) else { return };
    let basic = asked
        .header("authorization")
        .and_then(|it| STANDARD.decode(it.strip_prefix("Basic ")?).ok())
        .and_then(|it| String::from_utf8(it).ok());
    let user = basic.as_deref().and_then(|it| it.split_once(':'));
    let Some((user, _)) = user.filter(|(user, password)| accepts(user, password)) else {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n\
                       Content-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(refusal.as_bytes());
        return;
    };
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", repositories)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &asked.method)
        .env("REMOTE_USER", user)
        .env("CONTENT_LENGTH", asked.body.len().to_string())
        .env(
            "CONTENT_TYPE",
            asked.header("content-type").unwrap_or_default(),
        )
        .env(
            "GIT_PROTOCOL",
            asked.header("git-protocol").unwrap_or_default(),
        )
        .env(
            "HTTP_CONTENT_ENCODING",
            asked.header("content-encoding").unwrap_or_default(),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _ = backend.stdin.take().unwrap().write_all(&asked.body);
    let said = backend.wait_with_output().unwrap().stdout;
    let end = said.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let (head, body) = (String::from_utf8_lossy(&said[..end]), &said[end + 4..]);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let rest = head.lines().filter(|line| !line.starts_with("Status: "));
    let rest: String = rest.map(|line| format!("{line}\r\n")).collect();
    let head = format!(
        "HTTP/1.1 {}\r\n{rest}Content-Length: {}\r\nConnection: close\r\n\r\n",
        status.unwrap_or("200 OK"),
        body.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}
