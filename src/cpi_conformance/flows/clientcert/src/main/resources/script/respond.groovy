import com.sap.gateway.ip.core.customdev.util.Message

def Message processData(Message message) {
    message.setBody('Connected Successfully to CPI!')
    return message
}
