/// The members of a YAML mapping, in braces if they are not yet.
func flow(_ members: String) -> String { members.hasPrefix("{") ? members : "{\(members)}" }
