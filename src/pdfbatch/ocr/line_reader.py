"""Read single lines with the recogniser of PP-OCRv6: rapidocr's own calls take a third longer, and read all scripts at once."""

import os
from importlib import import_module
from typing import Any

LINE_HEIGHT = 48
"""Pixels of a line, as the model was trained with."""
_STEP_PIXELS = 8  # of a line's length, for each place at which the model says a character
_BLANK = 0
_FIRST_IDEOGRAPHIC = 0x2E80
"""From this code on there are the characters of Chinese and Japanese, and their wide forms of others."""
_LATIN_LIGATURES = range(0xFB00, 0xFB07)


class LineReader:
    """The recogniser in this process, with one thread. Not for two threads at one time.

    With ``ideographs=False`` it knows no Chinese and no Japanese: nine tenths of what the model can say, and with OpenVINO a
    sixth of its time. ONNX Runtime cannot leave it out of the computation, only out of the answers.
    """

    def __init__(self, path: str, runtime: str, *, ideographs: bool) -> None:
        model = _OpenVinoModel(path) if runtime == "openvino" else _OnnxModel(path)
        characters = ["", *model.characters, " "]
        self._keep: Any = None
        if not ideographs:
            numbers = [number for number, character in enumerate(characters) if not _is_ideographic(character)]
            self._keep = model.cut(numbers)
            characters = characters if self._keep is not None else [characters[number] for number in numbers]
        self._characters: list[str] = characters
        self._infer = model.compile()

    def read(self, line: Any) -> tuple[str, float]:
        """Return the text of a line (rows, columns, three colours), and how sure it is, 0 to 1."""
        numpy = import_module("numpy")
        probabilities = self._infer(_normalize(line))[0]
        if self._keep is not None:
            probabilities = probabilities[:, self._keep]
        best = probabilities.argmax(axis=1)
        # A character is said at several places on end; between two that are the same there is a blank.
        is_new = numpy.append(True, best[1:] != best[:-1]) & (best != _BLANK)
        if not is_new.any():
            return "", 0.0
        said = best[is_new]
        numbers = said if self._keep is None else self._keep[said]
        sure = probabilities[is_new, said]
        text = "".join([self._characters[int(number)] for number in numbers])
        return text, float(sure.mean())


class _OpenVinoModel:
    def __init__(self, path: str) -> None:
        self._openvino = import_module("openvino")
        self._core = self._openvino.Core()
        self._model = self._core.read_model(path)
        self.characters = str(self._model.get_rt_info()["framework"]["character"].value).splitlines()

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
        self._core.set_property("CPU", {"INFERENCE_NUM_THREADS": 1})
        request = self._core.compile_model(self._model, "CPU").create_infer_request()

        def infer(pixels: Any) -> Any:
            request.infer([pixels])
            return request.get_output_tensor().data

        return infer


class _OnnxModel:
    def __init__(self, path: str) -> None:
        runtime = import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 4
        self._session = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
        self.characters = str(self._session.get_modelmeta().custom_metadata_map["character"]).splitlines()

    def cut(self, numbers: list[int]) -> Any:
        """Return the answers to keep."""
        return import_module("numpy").asarray(numbers)

    def compile(self) -> Any:
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


def _is_ideographic(character: str) -> bool:
    return character >= chr(_FIRST_IDEOGRAPHIC) and ord(character[0]) not in _LATIN_LIGATURES


def _normalize(line: Any) -> Any:
    """Return a line at the model's height, as it was trained to see it."""
    cv2, numpy = import_module("cv2"), import_module("numpy")
    height, width = line.shape[:2]
    length = max(round(width / height * LINE_HEIGHT / _STEP_PIXELS), 1) * _STEP_PIXELS
    small = cv2.resize(line, (length, LINE_HEIGHT)).astype(numpy.float32)
    small /= 127.5
    small -= 1.0
    return numpy.ascontiguousarray(small.transpose(2, 0, 1)[None])
