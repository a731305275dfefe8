"""A client that shares nothing with the product but proto/: Python's own gRPC, stubs generated when it starts.

    foreign_client.py PROTO_DIRECTORY GENERATOR_ADDRESS VERIFIER_ADDRESS

Makes every kind of call to a running pair and prints one JSON object: the name of each check, and null where it held
or what did not hold.
"""

import json
import math
import queue
import sys
import tempfile
import time
import traceback
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_tools import protoc

PROBLEM = "Kim has 3 jars with 6 tokens each. Sam has twice as many as Kim. How many tokens does Sam have?"
STEPS = ["3*6=18\n", "18*2=36\n", "#### 36"]
LIMIT_S = 60


def generate_stubs(proto_directory):
    """The stubs of proto/ alone, importable afterwards."""
    out = tempfile.mkdtemp(prefix="deliberate-stubs-")
    files = [str(path) for path in sorted(Path(proto_directory).rglob("*.proto"))]
    bundled = Path(protoc.__file__).parent / "_proto"
    options = [f"-I{proto_directory}", f"-I{bundled}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(["protoc", *options, *files]) != 0:
        raise RuntimeError("protoc must take proto/ as it is")
    sys.path.insert(0, out)


class Requests:
    """The sending side of a stream, written to while the answers are read."""

    def __init__(self):
        self._queue = queue.Queue()

    def send(self, message):
        self._queue.put(message)

    def end(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


class Session:
    """One Expand call."""

    def __init__(self, pair, timeout=LIMIT_S, **opening):
        self._requests = Requests()
        self.call = pair.generator.Expand(iter(self._requests), timeout=timeout)
        self.send(open=generator_pb2.Open(**opening))

    def send(self, **request):
        self._requests.send(generator_pb2.ExpandRequest(**request))

    def grow(self, node_id, count, until="UNTIL_STEP"):
        until = generator_pb2.Grow.Until.Value(until)
        self.send(grow=generator_pb2.Grow(node_id=node_id, count=count, until=until))

    def next(self, expected):
        response = next(self.call)
        assert response.WhichOneof("response") == expected, response
        return getattr(response, expected)

    def steps_until_grown(self):
        steps = []
        for response in self.call:
            if response.WhichOneof("response") == "grown":
                return steps
            steps.append(response.step)
        raise AssertionError("the call ended before Grown")

    def end(self):
        self._requests.end()


class Pair:
    def __init__(self, generator_address, verifier_address):
        self.channels = [grpc.insecure_channel(generator_address), grpc.insecure_channel(verifier_address)]
        self.generator = generator_pb2_grpc.GeneratorServiceStub(self.channels[0])
        self.verifier = verifier_pb2_grpc.VerifierServiceStub(self.channels[1])

    def model_info(self):
        return self.generator.GetModelInfo(generator_pb2.GetModelInfoRequest(), timeout=LIMIT_S)

    def solve(self, **fields):
        return self.verifier.Solve(verifier_pb2.SolveRequest(problem=PROBLEM, **fields), timeout=LIMIT_S)

    def assert_idle(self):
        """Whatever was asked before has ended and holds no memory."""
        deadline = time.monotonic() + 10
        while self.model_info().limits.used_kv_bytes > 0:
            assert time.monotonic() < deadline, "the memory of an ended call must be given back"
            time.sleep(0.05)


def failure(call):
    """The error that a call, or the reading of it, ends with."""
    try:
        list(call())
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call must fail")


def details(error):
    """google.rpc's details of an error, by their type's name."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert status.code == error.code().value[0] and status.message == error.details(), status
    found = {}
    for packed in status.details:
        name = packed.TypeName().removeprefix("google.rpc.")
        found[name] = getattr(error_details_pb2, name)()
        assert packed.Unpack(found[name])
    return found


def check_model_info(pair):
    info = pair.model_info()
    assert info.model and info.architecture in ("llama", "qwen2"), info
    assert len(info.model_hash) == 64 and info.parameter_count > 0 and info.context_length_tokens > 0, info
    assert info.step_delimiter and info.default_sampling.HasField("temperature"), info
    assert info.limits.max_kv_bytes > 0 and info.limits.used_kv_bytes == 0, info.limits


def check_expand(pair):
    info = pair.model_info()
    width = info.hidden_state_count * info.hidden_size
    floats = common_pb2.Tensor.DATA_TYPE_FLOAT32
    zeros = common_pb2.Tensor(data_type=floats, shape=[2, width], data=bytes(4 * 2 * width))
    probe = generator_pb2.Probe(name="zeros", model_hash=info.model_hash, weights=zeros)
    session = Session(pair, prompt=f"{PROBLEM}\n", seed=7, probes=[probe])
    opened = session.next("opened")
    assert opened.node_id == 0 and len(opened.prompt_token_ids) > 0, opened
    session.grow(0, 6)
    first = session.steps_until_grown()
    assert sorted(step.child_index for step in first) == list(range(6)), first
    for step in first:
        assert step.parent_id == 0 and step.node_id > 0, step
        assert len(step.token_ids) == len(step.log_probs) == len(step.entropies) > 0, step
        assert all(value <= 0 for value in step.log_probs) and math.isfinite(step.mean_log_prob), step
        assert step.probe_outputs == bytes(8 * len(step.token_ids)), step
    open_nodes = [step.node_id for step in first if step.finish_reason == common_pb2.FINISH_REASON_STEP]
    assert len(open_nodes) >= 2, first
    session.grow(open_nodes[0], 2, "UNTIL_END")
    rest = session.steps_until_grown()
    known = {open_nodes[0]}
    for step in rest:
        assert step.parent_id in known, step
        known.add(step.node_id)
    session.send(prune=generator_pb2.Prune(node_ids=open_nodes))
    session.end()
    usage = session.next("closed").usage
    assert list(session.call) == [] and session.call.code() == grpc.StatusCode.OK
    assert usage.generated_tokens == sum(len(step.token_ids) for step in [*first, *rest]), usage
    assert usage.prompt_tokens == len(opened.prompt_token_ids) and usage.reprefilled_tokens == 0, usage


def check_featurize(pair):
    info = pair.model_info()
    width = info.hidden_state_count * info.hidden_size
    session = Session(pair, prompt=f"{PROBLEM}\n", seed=7, include_hidden_states=True)
    session.next("opened")
    session.grow(0, 3)
    steps = session.steps_until_grown()
    session.end()
    session.next("closed")
    texts = [generator_pb2.TokenIds(ids=step.token_ids) for step in steps]
    continuations = [generator_pb2.Continuation(token_ids=text) for text in texts]
    request = generator_pb2.FeaturizeRequest(prompt=f"{PROBLEM}\n", continuations=continuations)
    first, *chunks, last = pair.generator.Featurize(request, timeout=LIMIT_S)
    assert first.featurizing.width == width and first.featurizing.token_counts == [len(s.token_ids) for s in steps]
    assert last.featurized.usage.generated_tokens == 0 and last.featurized.usage.flops > 0, last
    for index, step in enumerate(steps):
        own = [reply.chunk for reply in chunks if reply.chunk.continuation_index == index]
        log_probs = [value for chunk in own for value in chunk.log_probs]
        assert len(log_probs) == len(step.log_probs), own
        assert all(abs(a - b) < 1e-3 for a, b in zip(log_probs, step.log_probs)), (log_probs, step.log_probs)
        assert sum(len(chunk.values.data) for chunk in own) == len(step.hidden_states.data) == 2 * width * len(log_probs)
        assert own[-1].HasField("next_entropy"), own


def check_same_seed_same_tree(pair):
    def tree(seed):
        hot = common_pb2.Sampling(temperature=3)
        session = Session(pair, prompt=f"{PROBLEM}\n", seed=seed, sampling=hot)
        session.next("opened")
        session.grow(0, 4)
        texts = {step.child_index: step.text for step in session.steps_until_grown()}
        session.end()
        session.next("closed")
        return texts

    assert tree(1) == tree(1)
    assert any(tree(seed) != tree(1) for seed in range(2, 6))


def check_grow_after_prune(pair):
    session = Session(pair, prompt=f"{PROBLEM}\n")
    session.next("opened")
    session.grow(0, 1)
    (step,) = session.steps_until_grown()
    session.send(prune=generator_pb2.Prune(node_ids=[step.node_id]))
    session.grow(step.node_id, 1)
    error = failure(lambda: session.call)
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
    assert details(error)["ErrorInfo"].reason == "NODE_PRUNED", error
    pair.assert_idle()


def check_solve(pair):
    flat, branching = {"n": 8}, {"n": 8, "beam_width": 4}
    shapes = {"GREEDY": {}, "MAJORITY": flat, "BEST_OF_N": flat, "BEAM": branching, "DVTS": branching, "AUTO": {}}
    shapes |= {"EARLY_REJECTION": flat, "REBASE": flat, "PARTICLE_FILTERING": flat}
    for name, shape in shapes.items():
        assert_search(list(pair.solve(strategy=f"STRATEGY_{name}", seed=3, **shape)))


def assert_search(responses):
    events = [(response.WhichOneof("event"), response) for response in responses]
    assert events[0][0] == "plan_chosen", events[0]
    assert [index for index, (kind, _) in enumerate(events) if kind == "solved"] == [len(events) - 1]
    known, scored = {0}, set()
    for kind, response in events:
        event = getattr(response, kind)
        if kind == "node_added":
            assert event.parent_id in known and event.node_id not in known, event
            known.add(event.node_id)
        elif kind == "node_scored":
            assert event.node_id in known - scored and 0 < event.score < 1, event
            scored.add(event.node_id)
        elif kind == "node_pruned":
            assert event.node_id in known and event.reason, event
    solved = responses[-1].solved
    usage = solved.usage
    assert usage.kept_tokens + usage.pruned_tokens + usage.cancelled_tokens == usage.generated_tokens > 0, usage
    assert 0 <= solved.confidence <= 1 and solved.stop_reason and solved.plan.row, solved
    assert not solved.candidates or math.isclose(sum(vote.share for vote in solved.votes), 1, abs_tol=1e-6), solved
    assert all(candidate.node_id in known for candidate in solved.candidates), solved


def check_score(pair):
    requests = Requests()
    call = pair.verifier.Score(iter(requests), timeout=LIMIT_S)
    requests.send(verifier_pb2.ScoreRequest(start=verifier_pb2.StartScoring(problem=PROBLEM)))
    assert next(call).started.problem_tokens > 0
    requests.send(verifier_pb2.ScoreRequest(append=verifier_pb2.AppendSteps(path_id=0, steps=STEPS)))
    path = next(call).scores
    assert len(path.scores) == len(STEPS) and all(0 < scored.score < 1 for scored in path.scores), path
    fork = verifier_pb2.AppendSteps(path_id=path.scores[0].path_id, steps=["18*2=30\n"])
    requests.send(verifier_pb2.ScoreRequest(append=fork))
    scores = next(call).scores
    assert len(scores.scores) == 1 and scores.path_id == path.scores[0].path_id, scores
    requests.end()
    assert next(call).closed.verifier_tokens > 0 and list(call) == []


def check_plan(pair):
    response = pair.verifier.Plan(verifier_pb2.PlanRequest(problem=PROBLEM), timeout=LIMIT_S)
    assert response.first.n > 0 and response.then, response
    assert all(plan.row and plan.reason for plan in response.then), response


def check_verifier_info(pair):
    info = pair.verifier.GetVerifierInfo(verifier_pb2.GetVerifierInfoRequest(), timeout=LIMIT_S)
    assert info.prm_parameter_count > 0 and info.policy_hash == pair.model_info().model_hash, info


def check_health(pair):
    for channel, service in zip(pair.channels, ("GeneratorService", "VerifierService")):
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", f"deliberate.v1.{service}"):
            reply = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=LIMIT_S)
            assert reply.status == health_pb2.HealthCheckResponse.SERVING, reply


def check_reflection(pair):
    request = reflection_pb2.ServerReflectionRequest
    for channel, service in zip(pair.channels, ("GeneratorService", "VerifierService")):
        name = f"deliberate.v1.{service}"
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = iter([request(list_services=""), request(file_containing_symbol=name)])
        listed, file = stub.ServerReflectionInfo(asked, timeout=LIMIT_S)
        assert name in [service.name for service in listed.list_services_response.service], listed
        packed = file.file_descriptor_response.file_descriptor_proto
        files = map(descriptor_pb2.FileDescriptorProto.FromString, packed)
        assert service in [found.name for descriptor in files for found in descriptor.service], file


def check_bad_request(pair):
    error = failure(lambda: pair.solve(strategy="STRATEGY_BEAM", n=10, beam_width=4))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    found = details(error)
    (violation,) = found["BadRequest"].field_violations
    assert violation.field == "n" and "4" in violation.description, violation
    assert found["ErrorInfo"].reason == "INVALID_FIELD" and found["ErrorInfo"].domain, found


def check_deadline(pair):
    session = Session(pair, timeout=1, prompt=f"{PROBLEM}\n")
    session.next("opened")
    error = failure(lambda: session.call)
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    pair.assert_idle()


def check_cancel(pair):
    call = pair.solve(strategy="STRATEGY_BEAM", n=64, beam_width=4, seed=1)
    assert next(call).WhichOneof("event") == "plan_chosen"
    call.cancel()
    assert failure(lambda: call).code() == grpc.StatusCode.CANCELLED
    pair.assert_idle()
    assert list(pair.solve(strategy="STRATEGY_GREEDY"))[-1].WhichOneof("event") == "solved"


if __name__ == "__main__":
    generate_stubs(sys.argv[1])
    from deliberate.v1 import common_pb2, generator_pb2, generator_pb2_grpc, verifier_pb2, verifier_pb2_grpc

    served = Pair(*sys.argv[2:4])
    results = {}
    for name, check in [(name, check) for name, check in globals().items() if name.startswith("check_")]:
        try:
            results[name.removeprefix("check_")] = check(served)
        except Exception:
            results[name.removeprefix("check_")] = traceback.format_exc()
    print(json.dumps(results))
