//! A worker in Zig: greets the person that the event names. Build it with `layer/examples/zig/build .`;
//! run it with `scripts/run-local --layer layer/examples/zig`, which builds it itself.
const std = @import("std");
const posix = std.posix;

pub fn main() !void {
    var line: [64]u8 = undefined;
    var event: [65536]u8 = undefined;
    var out: [65536]u8 = undefined;
    _ = try posix.write(4, "ready\n");
    while (true) {
        // The next line comes only after this one's answer, so a read gives a whole one.
        const length = try posix.read(3, &line);
        if (length == 0) return;
        const number = line["event ".len .. length - 1];
        const body = event[0..try posix.pread(5, &event, 0)];
        if (greet(body, &out)) |greeting| {
            _ = try posix.write(6, greeting);
            _ = try posix.write(4, try std.fmt.bufPrint(&out, "response {s}\n", .{number}));
        } else |problem| {
            _ = try posix.write(6, "the event has no name");
            _ = try posix.write(4, try std.fmt.bufPrint(&out, "error {s} {s}\n", .{ number, @errorName(problem) }));
        }
    }
}

fn greet(event: []const u8, out: []u8) ![]const u8 {
    const field = std.mem.indexOf(u8, event, "\"name\"") orelse return error.NoName;
    var parts = std.mem.splitScalar(u8, event[field + 6 ..], '"');
    _ = parts.next();
    const name = parts.next() orelse return error.NoName;
    return std.fmt.bufPrint(out, "{{\"greeting\":\"Hello, {s}!\"}}", .{name});
}
