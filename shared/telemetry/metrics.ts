/**
 * The numbers of one running service, in the form that Prometheus scrapes. A provider per service and nothing global;
 * OpenTelemetry is known in this room alone. Whoever wires a service says what is measured; the domain does not know.
 */
import type { Meter, Observable } from "@opentelemetry/api";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import type { Logger } from "#shared/log.js";
import { type Endpoint, openEndpoint, type Place } from "./endpoint.js";

/** Seconds, bytes, a ratio, or what is counted: `{token}`. */
export type Unit = "s" | "By" | "1" | `{${string}}`;

export interface Instrument {
  /** As OpenTelemetry names things, without the unit: `deliberate.generator.kv.limit`. */
  readonly name: string;
  readonly unit: Unit;
  readonly description: string;
}

/** Labels. Each of few values: every combination is a series of its own. */
export type Attributes = Readonly<Record<string, string>>;

/** What is read when somebody scrapes; a counter is a total that never falls. */
export interface Observed<Snapshot> extends Instrument {
  readonly kind: "gauge" | "counter";
  readonly read: (snapshot: Snapshot) => number | readonly Observation[];
}

export interface Observation {
  readonly value: number;
  readonly attributes: Attributes;
}

export type Recorder = (value: number, attributes?: Attributes) => void;

/** Of calls that take from milliseconds to the default deadline of ten minutes. */
export const DURATION_BOUNDS_S = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600,
] as const;

export class Metrics {
  readonly #place: Place | undefined;
  readonly #log: Logger;
  readonly #exporter: PrometheusExporter;
  readonly #provider: MeterProvider;
  readonly #meter: Meter;
  #endpoint: Endpoint | undefined;

  /** Without a place everything is counted and nobody can ask. */
  constructor(place: Place | undefined, log: Logger) {
    this.#place = place;
    this.#log = log;
    // The exporter's own server cannot take a free port, and a port in use would only be logged.
    this.#exporter = new PrometheusExporter({
      preventServerStart: true,
      withoutScopeInfo: true,
      withoutTargetInfo: true,
    });
    this.#provider = new MeterProvider({ readers: [this.#exporter] });
    this.#meter = this.#provider.getMeter("deliberate");
  }

  /** host:port once `/metrics` is answered. */
  get address(): string | undefined {
    return this.#endpoint?.address;
  }

  /** Gauges and counters of one snapshot, which is taken once for each scrape. */
  observe<Snapshot>(take: () => Snapshot, observed: readonly Observed<Snapshot>[]): void {
    const instruments = observed.map((each) => [this.#observable(each), each.read] as const);
    this.#meter.addBatchObservableCallback(
      (result) => {
        const snapshot = take();
        for (const [instrument, read] of instruments)
          for (const { value, attributes } of toObservations(read(snapshot)))
            result.observe(instrument, value, attributes);
      },
      instruments.map(([instrument]) => instrument),
    );
  }

  counter(instrument: Instrument): Recorder {
    const counter = this.#meter.createCounter(exportedName(instrument), instrument);
    return (value, attributes) => counter.add(value, attributes);
  }

  histogram(instrument: Instrument, bounds: readonly number[]): Recorder {
    const advice = { explicitBucketBoundaries: [...bounds] };
    const histogram = this.#meter.createHistogram(exportedName(instrument), { ...instrument, advice });
    return (value, attributes) => histogram.record(value, attributes);
  }

  /** Answers `GET /metrics`, if there is a place to. @throws as `openEndpoint` */
  async start(): Promise<void> {
    if (this.#place === undefined) return;
    this.#endpoint = await openEndpoint(
      this.#place,
      (request, response) => this.#exporter.getMetricsRequestHandler(request, response),
      this.#log,
    );
    this.#log.info({ address: this.#endpoint.address }, "metrics");
  }

  /** Idempotent. */
  async dispose(): Promise<void> {
    await this.#endpoint?.close();
    this.#endpoint = undefined;
    await this.#provider.shutdown();
  }

  #observable(instrument: Observed<never>): Observable {
    const name = exportedName(instrument);
    return instrument.kind === "gauge"
      ? this.#meter.createObservableGauge(name, instrument)
      : this.#meter.createObservableCounter(name, instrument);
  }
}

const UNIT_SUFFIXES: Readonly<Partial<{ [unit in Unit]: string }>> = {
  s: ".seconds",
  By: ".bytes",
  "1": ".ratio",
};

/**
 * With the unit, as OpenTelemetry's rules for Prometheus want it and as a collector would write it. The exporter replaces
 * dots and adds `_total`, but leaves the unit out.
 */
function exportedName({ name, unit }: Instrument): string {
  return name + (UNIT_SUFFIXES[unit] ?? "");
}

function toObservations(read: number | readonly Observation[]): readonly Observation[] {
  return typeof read === "number" ? [{ value: read, attributes: {} }] : read;
}
