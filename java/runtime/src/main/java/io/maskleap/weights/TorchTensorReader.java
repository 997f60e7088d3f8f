package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** Makes a checkpoint's tensors usable: in place where they are contiguous, as a copy where not. */
final class TorchTensorReader {
    private final MappedFile file;
    private final TorchArchive archive;
    private final AtomicLong takenBytes = new AtomicLong();

    TorchTensorReader(MappedFile file, TorchArchive archive) {
        this.file = file;
        this.archive = archive;
    }

    /** @throws MaskleapException where the tensor's dtype is not supported, or its storage does not hold all of it */
    RawTensor read(String name, TorchTensor tensor) {
        var what = file.path() + ": tensor " + name;
        var storage = tensor.storage();
        var dtype = storage.dtype().orElseThrow(() -> new MaskleapException(
                "%s: torch.%s is not supported; convert it to float32 first".formatted(what, storage.type())));
        checkNoNegatives(what, tensor);
        var byteSize = Shapes.byteSize(what, dtype, tensor.shape());
        if (byteSize == 0) {
            return new RawTensor(name, dtype, tensor.shape(), MemorySegment.NULL);
        }
        var data = storageData(what, storage, dtype);
        checkReach(what, tensor);
        if (tensor.isContiguous()) {
            count(what, byteSize);
            var start = tensor.offset() * dtype.byteSize();
            return new RawTensor(name, dtype, tensor.shape(), data.asSlice(start, byteSize));
        }
        if (byteSize > Math.max(data.byteSize(), Limits.REPEATED_BYTES)) {
            throw new MaskleapException("%s: shape %s with strides %s repeats %d bytes up to %d, limit %d".formatted(
                    what, tensor.shape(), tensor.strides(), data.byteSize(), byteSize, Limits.REPEATED_BYTES));
        }
        count(what, byteSize);
        var copy = file.allocate(byteSize);
        StridedCopy.copy(tensor, dtype.byteSize(), data, copy);
        return new RawTensor(name, dtype, tensor.shape(), copy);
    }

    /** Tensors may share a storage, but whoever copies or writes them all must not be made to fill a disk. */
    private void count(String what, long byteSize) {
        var fileSize = file.bytes().byteSize();
        var limit = Limits.SHARES_OF_A_FILE * fileSize + Limits.REPEATED_BYTES;
        var taken = takenBytes.addAndGet(byteSize);
        if (taken > limit) {
            takenBytes.addAndGet(-byteSize);
            throw new MaskleapException("%s: with it, tensors that share storages take %d bytes, limit %d for a file of %d"
                    .formatted(what, taken, limit, fileSize));
        }
    }

    private static void checkNoNegatives(String what, TorchTensor tensor) {
        if (tensor.strides().size() != tensor.shape().size()) {
            throw new MaskleapException("%s: has %d strides for shape %s"
                    .formatted(what, tensor.strides().size(), tensor.shape()));
        }
        if (tensor.offset() < 0 || tensor.strides().stream().anyMatch(stride -> stride < 0)) {
            throw new MaskleapException("%s: offset %d and strides %s, wanted none below 0"
                    .formatted(what, tensor.offset(), tensor.strides()));
        }
    }

    private MemorySegment storageData(String what, TorchStorage storage, StoredDtype dtype) {
        var data = archive.storage(storage.key());
        if (storage.elementCount() < 0 || storage.elementCount() > data.byteSize() / dtype.byteSize()) {
            throw new MaskleapException("%s: its storage %s has %d bytes, wanted %d elements of %s"
                    .formatted(what, storage.key(), data.byteSize(), storage.elementCount(), dtype));
        }
        return data;
    }

    private static void checkReach(String what, TorchTensor tensor) {
        var storage = tensor.storage();
        try {
            if (tensor.lastIndex() < storage.elementCount()) {
                return;
            }
        } catch (ArithmeticException _) {
            // Beyond 64 bits is beyond the storage.
        }
        throw new MaskleapException("%s: shape %s, strides %s, offset %d reach beyond storage %s of %d elements"
                .formatted(what, tensor.shape(), tensor.strides(), tensor.offset(),
                        storage.key(), storage.elementCount()));
    }
}
