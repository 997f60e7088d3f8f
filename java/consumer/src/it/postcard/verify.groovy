def target = new File(basedir, 'target')
def picture = new File(target, 'module-path.png').bytes
assert picture.length > 1000
assert picture == new File(target, 'class-path.png').bytes
assert !new File(target, 'denied.png').exists()
assert new File(target, 'module-path.txt').text.trim() == 'the JVM denies native access: start it with --enable-native-access=io.maskleap'
assert new File(target, 'class-path.txt').text.trim() == 'the JVM denies native access: start it with --enable-native-access=ALL-UNNAMED'
