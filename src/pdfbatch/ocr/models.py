"""Load a model from a file, for OpenVINO or for ONNX Runtime."""

import os
from importlib import import_module
from typing import Any


def load_model(path: str, runtime: str) -> "OpenVinoModel | OnnxModel":
    """Return the model in a file of the ONNX format. ``runtime`` is ``"openvino"`` or ``"onnxruntime"``."""
    return OpenVinoModel(path) if runtime == "openvino" else OnnxModel(path)


class OpenVinoModel:
    """A model for OpenVINO, in this process and with one thread."""

    def __init__(self, path: str) -> None:
        self._openvino = import_module("openvino")
        self._core = self._openvino.Core()
        self._model = self._core.read_model(path)

    def list_characters(self) -> list[str]:
        """Return the characters that the model of a recogniser knows, in the order of its answers."""
        return str(self._model.get_rt_info()["framework"]["character"].value).splitlines()

    def cut(self, numbers: list[int]) -> Any:
        """Leave the other answers out of the model itself: its last layer becomes smaller. Else return those to keep."""
        operations = import_module("openvino.opset13")
        softmax = _behind(self._model.get_results()[0].input_value(0))
        addition = _behind(softmax.input_value(0))
        if (softmax.get_type_name(), addition.get_type_name()) != ("Softmax", "Add"):
            return import_module("numpy").asarray(numbers)  # the model of another version
        product, bias = (_behind(addition.input_value(place)) for place in (0, 1))
        if (product.get_type_name(), bias.get_type_name()) != ("MatMul", "Constant"):
            return import_module("numpy").asarray(numbers)
        weights = _behind(product.input_value(1)).get_data()[:, numbers]
        smaller = operations.matmul(product.input_value(0), operations.constant(weights), False, False)
        shifted = operations.add(smaller, operations.constant(bias.get_data()[..., numbers]))
        answers = operations.softmax(shifted, -1).output(0)
        self._model = self._openvino.Model([answers], self._model.get_parameters(), "lines")
        return None

    def compile(self) -> Any:
        """Return a function of the model's input that returns its first output. Not for two threads at one time."""
        self._core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1})
        request = self._core.compile_model(self._model, "CPU").create_infer_request()

        def infer(pixels: Any) -> Any:
            request.infer([pixels])
            return request.get_output_tensor().data

        return infer


class OnnxModel:
    """A model for ONNX Runtime, in this process and with one thread."""

    def __init__(self, path: str) -> None:
        runtime = import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])

    def list_characters(self) -> list[str]:
        """Return the characters that the model of a recogniser knows, in the order of its answers."""
        return str(self._session.get_modelmeta().custom_metadata_map["character"]).splitlines()

    def cut(self, numbers: list[int]) -> Any:
        """Return the answers to keep."""
        return import_module("numpy").asarray(numbers)

    def compile(self) -> Any:
        """Return a function of the model's input that returns its first output. Not for two threads at one time."""
        name = self._session.get_inputs()[0].name

        def infer(pixels: Any) -> Any:
            return self._session.run(None, {name: pixels})[0]

        return infer


def _behind(output: Any) -> Any:
    """Return the operation that an output comes from, past those that change nothing."""
    operation = output.get_node()
    while operation.get_type_name() == "Identity":
        operation = operation.input_value(0).get_node()
    return operation
