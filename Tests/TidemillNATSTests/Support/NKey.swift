import Foundation
import TestSupport
import TidemillTesting

/// A key pair in the text form that NATS uses, made with openssl.
struct NKey {
    /// Whose key it is, which its first letter says.
    enum Kind: UInt8 {
        case `operator` = 14
        case account = 0
        case user = 20
    }

    /// What the server knows its owner by.
    let publicKey: String
    /// What its owner proves it with.
    let seed: String
    private let folder: Folder
    private let file = "\(UUID().uuidString).der"

    init(_ kind: Kind = .user, in folder: Folder) async throws {
        self.folder = folder
        try await folder.openssl("genpkey -algorithm ed25519 -outform DER -out \(file)")
        try await folder.openssl("pkey -inform DER -in \(file) -pubout -outform DER -out \(file).pub")
        let secret = try Data(contentsOf: folder.file(file)).suffix(32)
        let known = try Data(contentsOf: folder.file("\(file).pub")).suffix(32)
        // A user's key begins with U, its seed with SU: the letters' values, five bits each, are the first bytes.
        let (seedLetter, letter): (UInt8, UInt8) = (18 << 3, kind.rawValue << 3)
        publicKey = Self.text([letter] + known)
        seed = Self.text([seedLetter | letter >> 5, (letter & 31) << 3] + secret)
    }

    /// A JWT that says something about `subject`, signed with this key; `claims` are members of its object `nats`.
    func token(for subject: String, _ claims: String) async throws -> String {
        let header = #"{"typ":"JWT","alg":"ed25519-nkey"}"#
        let body =
            #"{"jti":"\#(UUID().uuidString)","iat":1700000000,"iss":"\#(publicKey)","name":"test","#
            + #""sub":"\#(subject)","nats":{"version":2,\#(claims)}}"#
        let signed = Self.base64(Data(header.utf8)) + "." + Self.base64(Data(body.utf8))
        try folder.write(signed, to: "\(file).text")
        try await folder.openssl("pkeyutl -sign -inkey \(file) -keyform DER -rawin -in \(file).text -out \(file).sig")
        return signed + "." + Self.base64(try Data(contentsOf: folder.file("\(file).sig")))
    }

    private static func base64(_ data: Data) -> String {
        String(data.base64EncodedString().compactMap { $0 == "=" ? nil : $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// The bytes and their check sum (CRC-16/XMODEM) in base 32.
    private static func text(_ bytes: [UInt8]) -> String {
        var sum: UInt16 = 0
        for byte in bytes {
            sum ^= UInt16(byte) << 8
            for _ in 0..<8 { sum = sum & 0x8000 != 0 ? sum << 1 ^ 0x1021 : sum << 1 }
        }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (result, bits, count) = ("", 0, 0)
        for byte in bytes + [UInt8(sum & 0xFF), UInt8(sum >> 8)] {
            (bits, count) = (bits << 8 | Int(byte), count + 8)
            while count >= 5 {
                count -= 5
                result.append(alphabet[bits >> count & 31])
            }
        }
        if count > 0 { result.append(alphabet[bits << (5 - count) & 31]) }
        return result
    }
}
