package io.maskleap.weights;

/**
 * A Python class, function or object in a checkpoint that tensors do not need. Only its name is kept:
 * nothing of it was built or run.
 *
 * @param module the Python module, such as {@code pytorch_lightning.callbacks}
 * @param name the class or function in it; of an object, that which would have made it
 */
public record ForeignObject(String module, String name) {

    boolean is(String module, String name) {
        return this.module.equals(module) && this.name.equals(name);
    }

    @Override
    public String toString() {
        return module + "." + name;
    }
}
