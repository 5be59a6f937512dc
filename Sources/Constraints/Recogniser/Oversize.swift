/// A constraint would need more than ``Machine/mostStates`` states.
struct Oversize: Error {}
