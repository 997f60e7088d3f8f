package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The calls in a checkpoint's pickle that tensors need, as values; nothing else has a meaning. */
final class TorchAllowlist implements Unpickler.Allowed {
    private final String origin;

    /** @param origin begins every error's sentence */
    TorchAllowlist(String origin) {
        this.origin = origin;
    }

    @Override
    public Object call(ForeignObject function, List<?> arguments) {
        if (function.is("torch._utils", "_rebuild_tensor_v2")) {
            return tensor(function, arguments);
        }
        if (function.is("torch._utils", "_rebuild_parameter")
                && !arguments.isEmpty() && arguments.getFirst() instanceof TorchTensor tensor) {
            return tensor;
        }
        if (function.is("collections", "OrderedDict") && arguments.isEmpty()) {
            return new LinkedHashMap<>();
        }
        if (function.is("torch", "Size") && arguments.size() == 1 && arguments.getFirst() instanceof List<?> size) {
            return size;
        }
        return function;
    }

    /** {@code arguments}: storage, offset, size, stride, requires_grad, hooks and, in newer files, metadata. */
    private Object tensor(ForeignObject function, List<?> arguments) {
        if (arguments.size() < 6 || !(arguments.get(0) instanceof TorchStorage storage)) {
            return function;
        }
        if (arguments.size() > 6 && arguments.get(6) instanceof Map<?, ?> metadata && !metadata.isEmpty()) {
            return function; // bits such as "negative" change what the storage's numbers mean
        }
        if (arguments.get(1) instanceof Long offset
                && arguments.get(2) instanceof List<?> shape && areDimensions(shape)
                && arguments.get(3) instanceof List<?> strides && areDimensions(strides)) {
            return new TorchTensor(storage, offset, longs(shape), longs(strides));
        }
        throw new MaskleapException("%s: a tensor's offset, shape or strides are not integers, or more than %d: damaged"
                .formatted(origin, Limits.TENSOR_RANK));
    }

    /** {@code persistentId}: the word "storage", its class, key, device (which we do not need) and element count. */
    @Override
    public Object external(Object persistentId) {
        if (persistentId instanceof List<?> parts && parts.size() == 5
                && "storage".equals(parts.get(0))
                && parts.get(1) instanceof ForeignObject type && type.module().startsWith("torch")
                && parts.get(2) instanceof String key
                && parts.get(4) instanceof Long elementCount) {
            return new TorchStorage(key, type.name(), elementCount);
        }
        throw new MaskleapException(origin + ": refers to something that is not a tensor's storage: damaged");
    }

    private static boolean areDimensions(List<?> numbers) {
        return numbers.size() <= Limits.TENSOR_RANK && numbers.stream().allMatch(Long.class::isInstance);
    }

    private static List<Long> longs(List<?> numbers) {
        return numbers.stream().map(Long.class::cast).toList();
    }
}
