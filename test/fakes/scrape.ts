/** What a scraper sees of `/metrics`: the text, and each sample by its name and labels. */
export interface Scrape {
  readonly text: string;
  /** `name` or `name{a="1",b="2"}` with the labels in this order. */
  readonly samples: ReadonlyMap<string, number>;
}

export async function scrape(address: string): Promise<Scrape> {
  const response = await fetch(`http://${address}/metrics`, { headers: { connection: "close" } });
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
  const text = await response.text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const cut = (line: string): number => line.lastIndexOf(" ");
  return {
    text,
    samples: new Map(lines.map((line) => [line.slice(0, cut(line)), Number(line.slice(cut(line)))])),
  };
}
