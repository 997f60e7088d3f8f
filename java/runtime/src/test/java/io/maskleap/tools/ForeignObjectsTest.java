package io.maskleap.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.maskleap.weights.ForeignObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ForeignObjectsTest {

    @Test
    void namesEachKindOnceWhereverItStands() {
        var a = new ForeignObject("m", "A");
        var b = new ForeignObject("m", "B");
        var root = new LinkedHashMap<Object, Object>(Map.of(b, 1L, "list", List.of(List.of(a), a, "text")));
        root.put("nothing", null);
        assertEquals(", with Python objects that were not run: m.A, m.B", ForeignObjects.describe(root));
    }

    @Test
    void endsOnATreeThatContainsItself() {
        var list = new ArrayList<Object>();
        list.add(list);
        assertEquals("", ForeignObjects.describe(list));
    }
}
