//! `lgc lsp` through its protocol: a process, and JSON-RPC on its standard input and output.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use support::Place;

const URI: &str = "file:///models/net.graph";

/// `‸` marks the place that a test asks about.
const MARK: char = '‸';

const NET: &str = "\
/// A linear layer.
struct Linear[I, O] {
    /// The weights.
    w: f32[I, O],
    b: f32[O],
}

dim B = 4

/// What a layer does.
graph linear[N, I, O](x: f32[N, I], p: Linear[I, O]) -> (y: f32[N, O]) { y = x @ p.w + p.b }

graph loss(x: f32[B, 3], p: Linear[3, 2]) -> (l: f32[]) { l = mean(square(linear(x, p))) }

entry step(x: f32[B, 3], inout p: Linear[3, 2]) -> (l: f32[]) {
    // é, two bytes and one unit
    (value, d) = value_and_grad(loss, wrt = p)(x, p)
    l = value
    p' = p - 0.1 * d
}
";

/// A client with a server of its own.
struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    requests: i64,
    /// Where the server may write what can be made again.
    cache: Place,
    /// Notifications that came while a response was awaited.
    notes: Vec<Value>,
}

impl Client {
    /// A server that has not been initialised.
    fn silent() -> Self {
        let cache = Place::new();
        let mut child = cache
            .command(&["lsp"])
            .env("XDG_CACHE_HOME", cache.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            requests: 0,
            cache,
            notes: Vec::new(),
        }
    }

    /// A server that counts columns in one of these, with one open text.
    fn with(encodings: &[&str], text: &str) -> Self {
        Self::within(&Value::Null, encodings, text)
    }

    /// The same, with these workspace folders.
    fn within(folders: &Value, encodings: &[&str], text: &str) -> Self {
        Self::within_one_of(json!({ "workspaceFolders": folders }), encodings, text)
    }

    /// The same, with what says where the client is.
    fn within_one_of(mut params: Value, encodings: &[&str], text: &str) -> Self {
        let mut client = Self::silent();
        params["capabilities"] = json!({ "general": { "positionEncodings": encodings } });
        let answer = client.request("initialize", params);
        let chosen = &answer["result"]["capabilities"]["positionEncoding"];
        let wanted = if encodings.contains(&"utf-8") {
            "utf-8"
        } else {
            "utf-16"
        };
        assert_eq!(chosen, wanted);
        client.notify("initialized", json!({}));
        client.open(text);
        client
    }

    fn open(&mut self, text: &str) {
        self.open_at(URI, text);
    }

    fn open_at(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "graph", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, version: i32, text: &str) {
        let document = json!({ "uri": URI, "version": version });
        let changes = json!([{ "text": text }]);
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.notify("textDocument/didChange", params);
    }

    fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }

    fn send_text(&mut self, text: &str) {
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the server has left"
            );
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The response to a request; notifications on the way are kept.
    fn request(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id {
                return message;
            }
            self.notes.push(message);
        }
    }

    /// The diagnostics of a version of the text.
    fn diagnostics(&mut self, version: i32) -> Vec<Value> {
        loop {
            let note = match self.notes.pop() {
                Some(note) => note,
                None => self.receive(),
            };
            assert_eq!(note["method"], "textDocument/publishDiagnostics");
            assert_eq!(note["params"]["uri"], URI);
            if note["params"]["version"] == version {
                return note["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// What is next said to be wrong with a text.
    fn published(&mut self, uri: &str) -> Value {
        loop {
            let note = match self.notes.is_empty() {
                true => self.receive(),
                false => self.notes.remove(0),
            };
            assert_eq!(note["method"], "textDocument/publishDiagnostics");
            if note["params"]["uri"] == uri {
                return note["params"].clone();
            }
        }
    }

    /// What a request on a position gives.
    fn at(&mut self, method: &str, position: &Value) -> Value {
        let document = json!({ "uri": URI });
        let params = json!({ "textDocument": document, "position": position });
        let response = self.request(method, params);
        assert_eq!(response["error"], Value::Null);
        response["result"].clone()
    }

    /// Ends the server as the protocol has it.
    fn leave(mut self) {
        assert_eq!(self.request("shutdown", Value::Null)["result"], Value::Null);
        self.notify("exit", Value::Null);
        let code = self.code();
        assert_eq!(code, Some(0));
    }

    fn code(mut self) -> Option<i32> {
        drop(self.input);
        self.child.wait().unwrap().code()
    }
}

/// A position in UTF-16 units.
fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let column = before.rsplit('\n').next().unwrap().encode_utf16().count();
    json!({ "line": before.matches('\n').count(), "character": column })
}

/// The text without its mark, and the position of the mark.
fn marked(text: &str) -> (String, Value) {
    let offset = text.find(MARK).unwrap();
    let plain = text.replace(MARK, "");
    let place = position(&plain, offset);
    (plain, place)
}

/// [`NET`] with `from` replaced by `to`, in which a place is marked.
fn edited(from: &str, to: &str) -> (String, Value) {
    assert_eq!(NET.matches(from).count(), 1, "{from}");
    marked(&NET.replace(from, to))
}

/// What hovering over the marked place shows.
fn hover(from: &str, to: &str) -> String {
    let (text, place) = edited(from, to);
    let mut client = Client::with(&["utf-16"], &text);
    let result = client.at("textDocument/hover", &place);
    client.leave();
    let shown = result["contents"]["value"].as_str();
    shown.unwrap_or("nothing").to_owned()
}

#[test]
fn hovering_shows_types_shapes_and_documentation() {
    let shown = [
        ("p - 0.1", "‸p - 0.1"),
        ("l = value\n", "l = val‸ue\n"),
        ("x @ p.w", "x @ p.‸w"),
        ("x @ p.w", "x ‸@ p.w"),
        ("square(linear", "square(li‸near"),
        ("square(linear", "squ‸are(linear"),
        ("value_and_grad(", "value_‸and_grad("),
        ("wrt = p", "wrt = ‸p"),
        ("p: Linear[I, O])", "p: Lin‸ear[I, O])"),
        ("x: f32[N, I]", "x: ‸f32[N, I]"),
        ("x: f32[B, 3], inout", "x: f32[‸B, 3], inout"),
        ("inout", "in‸out"),
        ("two bytes", "two by‸tes"),
    ];
    let mut text = String::new();
    for (from, to) in shown {
        text += &format!("---- {to}\n{}", hover(from, to));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn hovering_over_attributes_shows_what_they_mean() {
    let (text, place) =
        marked("graph f(x: f32[2, 3]) -> (y: f32[2]) { y = sum(x, ax‸es = [1]) }\n");
    let mut client = Client::with(&[], &text);
    let result = client.at("textDocument/hover", &place);
    let shown = result["contents"]["value"].as_str().unwrap().to_owned();
    assert!(shown.contains("`axes` ("), "{shown}");
    client.leave();
}

/// The text at which the definition of the marked name begins.
fn definition(from: &str, to: &str) -> Option<String> {
    let (text, place) = edited(from, to);
    let mut client = Client::with(&["utf-16"], &text);
    let result = client.at("textDocument/definition", &place);
    client.leave();
    let range = result.get("range")?;
    assert_eq!(result["uri"], URI);
    let offsets = text.char_indices().map(|(at, _)| at);
    let offset = |end: &str| {
        let mut offsets = offsets.clone();
        offsets
            .find(|&at| position(&text, at) == range[end])
            .unwrap()
    };
    let line = text[offset("start")..].lines().next().unwrap();
    Some(format!(
        "{} | {line}",
        &text[offset("start")..offset("end")]
    ))
}

#[test]
fn definitions_are_found() {
    let found = [
        ("p - 0.1", "‸p - 0.1"),
        ("0.1 * d", "0.1 * d‸"),
        ("l = value\n", "l = value‸\n"),
        ("x @ p.w", "x @ p.w‸"),
        ("square(linear", "square(linear‸"),
        ("value_and_grad(loss", "value_and_grad(‸loss"),
        ("wrt = p", "wrt = ‸p"),
        ("p: Linear[I, O])", "p: ‸Linear[I, O])"),
        ("x: f32[B, 3], inout", "x: f32[‸B, 3], inout"),
        ("y: f32[N, O]", "y: f32[N, ‸O]"),
        ("square(linear", "squ‸are(linear"),
    ];
    let found = found.map(|(from, to)| {
        let place = definition(from, to);
        format!("{to} => {}\n", place.as_deref().unwrap_or("nothing"))
    });
    insta::assert_snapshot!(found.concat());
}

/// The labels that are offered at the marked place.
fn completions(text: &str) -> Vec<String> {
    let (text, place) = marked(text);
    let mut client = Client::with(&["utf-16"], &text);
    let result = client.at("textDocument/completion", &place);
    client.leave();
    let items = result.as_array().unwrap().iter();
    items
        .map(|item| item["label"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn fields_are_completed_by_type() {
    let incomplete = [
        ("x @ p.w", "x @ p.‸"),
        ("x @ p.w", "x @ p.w‸"),
        ("p' = p - 0.1", "p' = d.‸\n    q = p"),
    ];
    for (from, to) in incomplete {
        let (text, _) = edited(from, to);
        let text = text.replace(&to.replace(MARK, ""), to);
        assert_eq!(completions(&text), ["w", "b"], "{to}");
    }
    assert_eq!(completions(&NET.replace("p - 0.1", "x.‸ - 0.1")), [""; 0]);
}

#[test]
fn names_ops_and_words_are_completed() {
    let offered = completions(&NET.replace("l = value\n", "l = ‸\n"));
    for name in [
        "x", "p", "d", "value", "loss", "linear", "B", "relu", "softmax", "grad", "inout",
    ] {
        assert!(
            offered.iter().any(|label| label == name),
            "{name} in {offered:?}"
        );
    }
    for spec in lgc_ir::op::SPECS {
        assert!(
            offered.iter().any(|label| label == spec.name),
            "{}",
            spec.name
        );
    }
    let above = completions(&NET.replace("(value, d)", "q = ‸\n    (value, d)"));
    assert!(
        !above.iter().any(|label| label == "d"),
        "what is defined below"
    );
}

#[test]
fn types_and_attributes_are_completed_where_they_stand() {
    let types = completions(&NET.replace("x: f32[B, 3], inout", "x: ‸, inout"));
    assert_eq!(
        types,
        [
            "bool", "i32", "i64", "u32", "f16", "bf16", "f32", "f64", "Linear", "B"
        ]
    );
    let attributes = completions("graph f(x: f32[2, 3]) -> (y: f32[2]) { y = sum(x, ‸) }\n");
    assert_eq!(attributes[..2], ["axes", "keepdims"]);
    assert_eq!(completions("// f‸\n"), [""; 0]);
}

#[test]
fn errors_are_published_after_each_change() {
    let mut client = Client::with(
        &["utf-8"],
        "graph f(x: f32[3]) -> (y: f32[3]) { y = rleu(x) }\n",
    );
    let wrong = client.diagnostics(1);
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0]["code"], "E0206");
    assert_eq!(
        (&wrong[0]["severity"], &wrong[0]["source"]),
        (&json!(1), &json!("lgc"))
    );
    let place =
        json!({ "start": { "line": 0, "character": 40 }, "end": { "line": 0, "character": 44 } });
    assert_eq!(wrong[0]["range"], place);
    client.change(2, "graph f(x: f32[3]) -> (y: f32[3]) { y = relu(x) }\n");
    assert_eq!(client.diagnostics(2), [Value::Null; 0]);
    client.change(3, "graph f(x: f32[3] -> (y: f32[3]) { y = relu(q) }\n");
    let syntax = client.diagnostics(3);
    assert!(
        syntax
            .iter()
            .all(|found| found["code"].as_str().unwrap().starts_with("E01"))
    );
    client.notify(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": URI } }),
    );
    let closed = client.receive();
    assert_eq!(closed["params"]["diagnostics"], json!([]));
    client.leave();
}

#[test]
fn graphs_for_others_are_checked_as_they_are() {
    let text = "graph f[N](x: f32[N], k) -> (y: f32[N]) { y = k * tanh(x) }\n";
    let mut client = Client::with(&["utf-8"], text);
    assert_eq!(client.diagnostics(1), [Value::Null; 0]);
    client.change(2, &text.replace("tanh", "tahn"));
    let wrong = client.diagnostics(2);
    let codes: Vec<&Value> = wrong.iter().map(|found| &found["code"]).collect();
    assert_eq!(codes, ["E0206"]);
    client.change(3, "struct P { w: f32[3] }\n");
    assert_eq!(client.diagnostics(3), [Value::Null; 0]);
    client.leave();
}

#[test]
fn tensors_are_looked_for_in_their_files() {
    let place = Place::new();
    let header = br#"{"bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    place.write(
        "w.safetensors",
        [&length, header.as_slice(), &[0; 4]].concat(),
    );
    let path = place.path("w.safetensors");
    let text = |call: &str| format!("graph f(x: f32[1]) -> (y: f32[1]) {{ y = x + {call} }}\n");
    let load = |name: &str| text(&format!("load(\"{}\", \"{name}\")", path.display()));
    // What is neither beside the text nor in the workspace is nobody's business.
    let mut client = Client::with(&["utf-8"], &load("bias"));
    assert_eq!(client.diagnostics(1)[0]["code"], "E0701");
    client.leave();
    let folder = json!([{ "uri": format!("file://{}", place.path("").display()), "name": "w" }]);
    let mut client = Client::within(&folder, &["utf-8"], &load("bias"));
    assert_eq!(client.diagnostics(1), [Value::Null; 0]);
    let wrong = [
        (load("base"), "E0212"),
        (text("load(\"w.safetensors\", \"bias\")"), "E0701"),
        (text("load(\"w.safetensors\""), "E0111"),
        (text("load"), "E0201"),
    ];
    for (version, (text, code)) in (2..).zip(wrong) {
        client.change(version, &text);
        assert_eq!(client.diagnostics(version)[0]["code"], code, "{text}");
    }
    client.leave();
}

#[test]
fn an_open_text_is_what_others_use() {
    let place = Place::with("my layers.graph", "struct Layer { w: f32[2] }\n");
    let folder = place.path("").display().to_string();
    let uri = |name: &str| format!("file://{folder}{}", name.replace(' ', "%20"));
    let (used, main) = (uri("my layers.graph"), uri("main.graph"));
    let text = "use \"my layers.graph\"\n\nentry f(p: Layer) -> (y: f32[2]) { y = p.w }\n";
    let mut client = Client::with(&["utf-8"], "");
    client.diagnostics(1);
    let codes = |client: &mut Client| {
        let params = client.published(&main);
        let found = params["diagnostics"].as_array().unwrap().clone();
        found
            .into_iter()
            .map(|d| d["code"].clone())
            .collect::<Vec<_>>()
    };
    client.open_at(&main, text);
    assert_eq!(codes(&mut client), [Value::Null; 0], "as on the disk");
    client.open_at(&used, "struct Layer { v: f32[2] }\n");
    assert_eq!(codes(&mut client), ["E0205"], "as in the editor");
    let ask = |client: &mut Client, method: &str, before: &str| {
        let place = position(text, text.find(before).unwrap());
        let params = json!({ "textDocument": { "uri": main }, "position": place });
        client.request(method, params)["result"].clone()
    };
    let fields = ask(&mut client, "textDocument/completion", "w }");
    assert_eq!(fields[0]["label"], "v");
    let defined = ask(&mut client, "textDocument/definition", "Layer)");
    assert_eq!(defined["uri"], used, "{defined}");
    let document = json!({ "textDocument": { "uri": used } });
    client.notify("textDocument/didClose", document);
    assert_eq!(codes(&mut client), [Value::Null; 0], "as on the disk again");
    client.leave();
}

#[test]
fn fields_are_known_where_structs_are_made() {
    let text = "struct Pair {
    /// The first.
    a: f32[2],
    b: f32[],
}

entry f(x: f32[2]) -> (p: Pair) { p = Pair(a = x, b = 1) }
";
    let mut client = Client::with(&["utf-8"], text);
    let place = position(text, text.find("a = x").unwrap());
    let shown = client.at("textDocument/hover", &place);
    let shown = shown["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("The first."), "{shown}");
    let defined = client.at("textDocument/definition", &place);
    assert_eq!(defined["range"]["start"]["line"], 2);
    client.leave();
}

#[test]
fn the_standard_library_can_be_looked_at() {
    let text = "use \"std/layers.graph\"\n\nentry f(x: f32[4, 3], p: Linear[3, 2]) -> (y: f32[4, 2]) { y = linear(x, p) }\n";
    let mut client = Client::with(&["utf-8"], text);
    for _ in 0..2 {
        let defined = client.at("textDocument/definition", &position(text, text.len() - 10));
        let address = defined["uri"].as_str().unwrap();
        let file = std::fs::read_to_string(address.strip_prefix("file://").unwrap()).unwrap();
        let line = defined["range"]["start"]["line"].as_u64().unwrap();
        let line = file.lines().nth(usize::try_from(line).unwrap()).unwrap();
        assert!(line.starts_with("graph linear["), "{line}");
        assert!(address.contains(&client.cache.path("").display().to_string()));
    }
    client.leave();
}

#[test]
fn columns_are_counted_as_the_client_wants() {
    let text = "graph f() { y = \"é𝕏\" § }\n";
    for (encoding, column) in [("utf-8", 25), ("utf-16", 22)] {
        let mut client = Client::with(&[encoding], text);
        let found = client.diagnostics(1);
        let columns: Vec<_> = found
            .iter()
            .map(|d| &d["range"]["start"]["character"])
            .collect();
        assert!(columns.contains(&&json!(column)), "{encoding}: {columns:?}");
        client.leave();
    }
}

#[test]
fn texts_are_formatted() {
    let mut client = Client::with(
        &["utf-16"],
        "// c\ngraph f(x:f32[3])->(y:f32[3]){y=x*2} // é",
    );
    let format = |client: &mut Client| {
        let options = json!({ "tabSize": 4, "insertSpaces": true });
        let params = json!({ "textDocument": { "uri": URI }, "options": options });
        client.request("textDocument/formatting", params)["result"].clone()
    };
    let edits = format(&mut client);
    let formatted = "// c\ngraph f(x: f32[3]) -> (y: f32[3]) { y = x * 2 } // é\n";
    assert_eq!(edits[0]["newText"], formatted);
    assert_eq!(
        edits[0]["range"]["end"],
        json!({ "line": 1, "character": 41 })
    );
    client.change(2, formatted);
    assert_eq!(format(&mut client), json!([]));
    client.change(3, "graph f(");
    assert_eq!(format(&mut client), Value::Null);
    client.leave();
}

#[test]
fn wrong_messages_are_answered_or_end_the_server() {
    let mut client = Client::with(&["utf-16"], NET);
    let unknown = client.request("textDocument/rename", json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let malformed = client.request("textDocument/hover", json!({ "textDocument": 3 }));
    assert_eq!(malformed["error"]["code"], -32602);
    let closed = json!({ "uri": "file:///other.graph" });
    let place = json!({ "line": 0, "character": 0 });
    let params = json!({ "textDocument": closed, "position": place });
    assert_eq!(
        client.request("textDocument/hover", params)["result"],
        Value::Null
    );
    let beyond = json!({ "line": 9999, "character": 9999 });
    assert_eq!(client.at("textDocument/hover", &beyond), Value::Null);
    client.notify("exit", Value::Null);
    assert_eq!(client.code(), Some(1), "without `shutdown`");
    let early = Client::silent();
    assert_eq!(early.code(), Some(1), "without a word");
}

#[test]
fn any_text_gets_an_answer() {
    let mut client = Client::with(&["utf-16"], "");
    let words = [
        "graph f(",
        "x: f32[3]",
        ") -> (",
        "y: f32[3]",
        ") {",
        "y = x.",
        "sum(",
        "}",
        "struct P {",
        ".",
        "'",
        "\"",
        "//",
        "é",
    ];
    let mut text = String::new();
    for round in 0..60usize {
        text = format!(
            "{}{} ",
            if round % 9 == 0 { "" } else { &text },
            words[round * 5 % words.len()]
        );
        client.change(i32::try_from(round).unwrap() + 2, &text);
        let end = position(&text, text.len());
        for method in [
            "textDocument/hover",
            "textDocument/definition",
            "textDocument/completion",
        ] {
            client.at(method, &end);
        }
    }
    client.leave();
}

#[test]
fn halves_of_characters_do_not_end_the_server() {
    let mut client = Client::with(&["utf-8"], NET);
    client.diagnostics(1);
    let text = "// \\ud800 and \\ud83d\\ude00\\ngraph f(x: f32[1]) -> (y: f32[1]) { y = x }\\n";
    let change = format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didChange\",\"params\":{{\"textDocument\":{{\
         \"uri\":\"{URI}\",\"version\":2}},\"contentChanges\":[{{\"text\":\"{text}\"}}]}}}}"
    );
    client.send_text(&change);
    assert_eq!(client.diagnostics(2), [Value::Null; 0]);
    client.leave();
}

#[test]
fn messages_that_are_announced_too_long_are_refused() {
    let outcome = Place::new().pipe(&["lsp"], "Content-Length: 100000000000\r\n\r\n");
    insta::assert_snapshot!(outcome.shown());
}

#[test]
fn a_pipe_that_never_opens_does_not_stop_the_server() {
    let place = Place::new();
    place.pipe_named("w.safetensors");
    let folder = json!([{ "uri": format!("file://{}", place.path("").display()), "name": "w" }]);
    let path = place.path("w.safetensors").display().to_string();
    let text = format!("graph f(x: f32[1]) -> (y: f32[1]) {{ y = x + load(\"{path}\", \"b\") }}\n");
    let mut client = Client::within(&folder, &["utf-8"], &text);
    assert_eq!(client.diagnostics(1)[0]["code"], "E0701");
    client.leave();
}

/// Older clients say where they are with `rootUri`; a list of folders goes before it.
#[test]
fn files_below_the_folders_of_the_client_are_used() {
    let place = Place::with("layers.graph", "struct Layer { w: f32[2] }\n");
    let uri = format!("file://{}", place.path("").display());
    let used = place.path("layers.graph").display().to_string();
    let text = format!("use \"{used}\"\n\nentry f(p: Layer) -> (y: f32[2]) {{ y = p.w }}\n");
    let folder = json!([{ "uri": uri, "name": "w" }]);
    for (params, codes) in [
        (json!({}), &["E0211"][..]),
        (json!({ "rootUri": uri }), &[]),
        (json!({ "rootUri": null, "workspaceFolders": folder }), &[]),
        (
            json!({ "rootUri": uri, "workspaceFolders": [] }),
            &["E0211"],
        ),
    ] {
        let mut client = Client::within_one_of(params.clone(), &["utf-8"], &text);
        let found: Vec<Value> = client
            .diagnostics(1)
            .iter()
            .map(|d| d["code"].clone())
            .collect();
        assert_eq!(
            found.first(),
            codes.iter().map(|&c| json!(c)).next().as_ref(),
            "{params}"
        );
        client.leave();
    }
}
