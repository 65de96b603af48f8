//! The OpenAPI document as a judge: whether an answer is one of those that it tells of.

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use tokenward::agent::openapi::DOCUMENT;

/// The document.
pub struct Document(pub Value);

/// An answer of an owner.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    /// Reads one that ends with its connection.
    #[track_caller]
    pub fn parse(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.and_then(|it| it.parse().ok()).expect(answer),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        let found = self.headers.iter().find(|(one, _)| *one == name);
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Asks on the agent's socket.
#[track_caller]
pub fn ask_socket(socket: &Path, method: &str, target: &str, body: &str) -> Reply {
    let mut stream = UnixStream::connect(socket).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    // Who refuses a long body does not read it.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Reply::parse(&String::from_utf8(answer).unwrap())
}

impl Document {
    pub fn read() -> Self {
        Self(serde_json::from_str(DOCUMENT).unwrap())
    }

    /// All operations: method, path, the operation.
    pub fn operations(&self) -> Vec<(String, String, &Value)> {
        let mut all = Vec::new();
        for (path, item) in members(&self.0["paths"]) {
            for (method, operation) in members(item) {
                all.push((method.to_uppercase(), path.clone(), operation));
            }
        }
        all
    }

    #[track_caller]
    pub fn operation(&self, method: &str, path: &str) -> &Value {
        let operation = &self.0["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "no {method} {path} in the document");
        operation
    }

    /// What a reference names, or the value itself.
    #[track_caller]
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(name) => {
                let found = self.0.pointer(name.trim_start_matches('#'));
                found.unwrap_or_else(|| panic!("{name} leads nowhere"))
            }
            None => value,
        }
    }

    /// A judge of a schema of this document. It allows an object no member that the document does not tell of.
    #[track_caller]
    pub fn judge(&self, schema: &Value) -> Validator {
        let mut whole = schema.clone();
        let mut components = self.0["components"].clone();
        close(&mut whole);
        close(&mut components["schemas"]);
        let whole = json!({ "allOf": [whole], "components": components });
        let options = jsonschema::options().should_validate_formats(true);
        let built = options.build(&whole);
        built.unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    /// What of an answer the document does not tell.
    #[track_caller]
    pub fn faults(&self, (method, path): (&str, &str), reply: &Reply) -> Vec<String> {
        let answers = &self.operation(method, path)["responses"];
        let Some(told) = answers.get(reply.status.to_string()) else {
            return vec![format!("the status {} is not told of", reply.status)];
        };
        let told = self.resolve(told);
        let mut faults = Vec::new();
        for (name, header) in told["headers"].as_object().unwrap_or(&Map::new()) {
            let header = self.resolve(header);
            match reply.header(name) {
                Some(value) => faults.extend(self.header_faults(name, header, value)),
                None if header["required"] == true => faults.push(format!("no {name}")),
                None => {}
            }
        }
        let kind = reply.header("content-type");
        let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default());
        match (kind, told["content"].as_object()) {
            (None, None) if reply.body.is_empty() => {}
            (Some(kind), Some(content)) => match content.get(kind) {
                Some(media) => faults.extend(self.body_faults(kind, &media["schema"], &reply.body)),
                None => faults.push(format!("the content type {kind} is not told of")),
            },
            (kind, _) => faults.push(format!("content where none is told of, or none: {kind:?}")),
        }
        faults
    }

    fn header_faults(&self, name: &str, header: &Value, value: &str) -> Vec<String> {
        let number = value.parse::<u64>().ok();
        let value = match header["schema"]["type"] == "integer" {
            true => json!(number),
            false => json!(value),
        };
        faults(&self.judge(&header["schema"]), &value, name)
    }

    fn body_faults(&self, kind: &str, schema: &Value, body: &str) -> Vec<String> {
        let body = match kind == "application/json" || kind.ends_with("+json") {
            true => match serde_json::from_str(body) {
                Ok(body) => body,
                Err(error) => return vec![format!("the body is no JSON: {error}")],
            },
            false => json!(body),
        };
        faults(&self.judge(schema), &body, "body")
    }
}

/// What a judge finds, in words.
pub fn faults(judge: &Validator, value: &Value, of: &str) -> Vec<String> {
    judge
        .iter_errors(value)
        .map(|error| format!("{of}{}: {error}", error.instance_path()))
        .collect()
}

/// The members of an object.
#[track_caller]
pub fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// Allows objects no members that their schema does not name: programs have to bear more, the document has to tell all.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(close),
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if object.get("type") == Some(&json!("object"))
                && object.contains_key("properties")
                && !object.contains_key("additionalProperties")
            {
                object.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
