import { expect, test } from "vitest";
import { Inbox } from "#verifier/search/inbox.js";

test("a producer goes on once its message was taken", async () => {
  const inbox = new Inbox<number>();
  let isTaken = false;
  const put = inbox.put(1).then(() => (isTaken = true));
  await Promise.resolve();
  expect(isTaken).toBe(false);
  expect(await inbox.take()).toBe(1);
  await put;
  expect(isTaken).toBe(true);
});

test("keeps the order of its messages and serves a waiting taker at once", async () => {
  const inbox = new Inbox<number>();
  void inbox.put(1);
  void inbox.put(2);
  expect([await inbox.take(), await inbox.take()]).toEqual([1, 2]);
  const waiting = inbox.take();
  await inbox.put(3);
  expect(await waiting).toBe(3);
});

test("a failure reaches the waiting taker and all later ones, and frees the producers", async () => {
  const inbox = new Inbox<number>();
  const put = inbox.put(1);
  inbox.fail(new Error("first"));
  inbox.fail(new Error("second"));
  await put;
  await expect(inbox.take()).rejects.toThrow("first");
  await inbox.put(2);
});

test("frees its producers when it closes", async () => {
  const inbox = new Inbox<number>();
  const put = inbox.put(1);
  inbox.close();
  await put;
  await inbox.put(2);
});
