//! Compiles the events' protobuf files with `protox`, so that no `protoc` is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "account",
        "audit",
        "conversation",
        "import",
        "job",
        "keys",
        "message",
        "notification",
        "relationship",
        "session",
        "story",
        "sealed",
    ]
    .map(|feature| format!("tidings/{feature}/v1.proto"));
    #[expect(clippy::disallowed_macros, reason = "cargo reads what a build script prints")]
    {
        println!("cargo:rerun-if-changed=proto");
    }
    let descriptors = protox::compile(files, ["proto"])?;
    prost_build::Config::new().bytes(["."]).compile_fds(descriptors)?;
    Ok(())
}
